"""Admin keys that no admin key is needed for: the first one, and another for an operator who has lost them all."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import SecretStr

from services.gateway.http.access.keyring import new_secret
from shared.errors import AlreadyExists, SettingsError
from shared.storage import keys
from shared.storage.database.engine import Database
from shared.telemetry import logs

log = logs.get(__name__)


def ensure_key(database: Database, given: SecretStr | None, announce: Callable[[str], None], now: float) -> None:
    """Make the first admin key if there is no key at all.

    Args:
        database: Where keys are kept.
        given: ``PARLEY_API_KEY``; it becomes the key. Without it one is made, and announced this once.
        announce: Shows a line to the person who started the platform; the log is no place for a secret.
        now: Unix seconds.
    """
    secret = given.get_secret_value() if given is not None and given.get_secret_value() else None
    with database.reading() as session:
        existing = keys.all(session)
    if existing:
        if secret and all(row.hash != keys.hash_key(secret) for row in existing):
            log.warning(
                "PARLEY_API_KEY is not among the keys: it only counts on the first start; make keys with an admin key, or, "
                "if there is none left, with python -m services.gateway --new-admin-key"
            )
        return
    key = secret or new_secret()
    try:
        with database.transaction() as session:
            keys.add_first(session, key, now)
    except AlreadyExists:
        log.info("another gateway process made the first key")
        return
    if secret is None:
        announce(f"First start: your admin API key is {key}\nIt is not shown again.")


def add_key(database: Database, name: str, announce: Callable[[str], None], now: float) -> None:
    """Make another admin key beside those there are: who reaches the database may do so.

    Args:
        database: Where keys are kept.
        name: Of the key.
        announce: Shows a line to the person who asked.
        now: Unix seconds.

    Raises:
        SettingsError: There is no key at all: this is another database than the one that is meant.
    """
    key = new_secret()
    with database.transaction() as session:
        if not keys.all(session):
            raise SettingsError(
                "this database has no keys, so no platform has ever started with it; the settings must name the same home "
                "folder (PARLEY_HOME) or database (PARLEY_DATABASE_URL) as the platform's",
                param="database_url",
            )
        row = keys.add(session, name, "admin", key, now=now)
    log.warning("an admin key was made without one", key_id=row.id, name=name)
    announce(
        f"Your new admin API key is {key}\nIt is not shown again. With it, 'parley keys' lists and revokes the others."
    )
