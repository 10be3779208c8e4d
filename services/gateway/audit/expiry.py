"""Deletes the entries whose time is over. Several gateway processes may do this beside each other."""

from __future__ import annotations

from shared.storage import audit
from shared.storage.database.engine import Database

#: Seconds between two looks.
INTERVAL_SECONDS = 600.0
_DAY = 86_400.0


def delete_old(database: Database, days: int, now: float) -> None:
    """Delete what is older than so many days, some at a time."""
    with database.transaction() as session:
        audit.expire(session, now - days * _DAY)
