"""Forgets conversations in which nothing was said for so long. Several gateway processes may do this beside each other."""

from __future__ import annotations

from shared.storage.chat import conversation_items, silence
from shared.storage.database.engine import Database

#: Seconds between two looks.
INTERVAL_SECONDS = 600.0
#: Conversations of one look, each in a transaction of its own.
MAX_BATCH = 500
_DAY = 86_400.0


def forget_silent(database: Database, days: float | None, now: float) -> None:
    """Delete what was last spoken in ``days`` ago, with every word of it; ``None``: nothing."""
    if days is None:
        return
    before = now - days * _DAY
    with database.reading() as session:
        silent = silence.silent_since(session, before, MAX_BATCH)
    for conversation_id in silent:
        with database.transaction() as session:
            conversation_items.forget(session, conversation_id)
    with database.transaction() as session:
        silence.expire_answers(session, before)
