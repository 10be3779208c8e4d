"""Forgets customers who have said nothing for so long. Several gateway processes may do this beside each other."""

from __future__ import annotations

from shared.storage.chat import customers
from shared.storage.database.engine import Database

#: Seconds between two looks.
INTERVAL_SECONDS = 600.0
#: Customers of one look, each in a transaction of its own.
MAX_BATCH = 100
_DAY = 86_400.0


def forget_unseen(database: Database, days: float | None, now: float) -> None:
    """Delete customers, with all that is kept of them, who were last seen ``days`` ago; ``None``: nobody."""
    if days is None:
        return
    with database.reading() as session:
        unseen = customers.unseen(session, now - days * _DAY, MAX_BATCH)
    for customer_id in unseen:
        with database.transaction() as session:
            customers.forget(session, customer_id)
