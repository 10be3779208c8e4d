"""Wishes with which customers are displeased more than usual just now, as the alerts on chat turns tell."""

from __future__ import annotations

from shared.contracts.monitoring.sentiment import CHAT_STREAM
from shared.storage.database.engine import Database
from shared.storage.monitoring import alerts

LOOK_SECONDS = 5.0

#: What the alerts of rules that tell of displeasure are filed under (``rule_name``).
_OF_ANGER = ("share_of_negatives", "volume_negative", "fixed_share")


class ChatSurges:
    """The intents of the alerts that fire. Looked up now and then, so that a turn waits for nothing.

    Args:
        database: The alerts.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.intents: tuple[str, ...] = ()

    def look(self) -> None:
        """See which fire.

        Raises:
            Unavailable: The database is away; what was known stays.
        """
        with self._database.reading() as session:
            firing = alerts.firing(session, CHAT_STREAM)
        self.intents = tuple(sorted({one.topic for one in firing if one.topic and one.rule in _OF_ANGER}))
