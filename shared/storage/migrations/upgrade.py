"""Brings a database to the newest revision; safe when many processes start at once."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, text

from shared.errors import SettingsError

_LOCK = 0x7061726C6579
"""The number of our advisory lock in PostgreSQL: "parley" in ASCII."""


def upgrade(connection: Connection) -> None:
    """Run the revisions that are missing, within the transaction of ``connection``, one process at a time.

    Raises:
        SettingsError: The database was made by a newer Parley.
    """
    if connection.dialect.name == "postgresql":  # SQLite's transaction holds its lock already
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise SettingsError(f"The database belongs to a newer Parley ({error}); update this one.") from error
