"""Tells every gateway process that something happened in conversations that people are in."""

from __future__ import annotations

from collections.abc import Sequence

from shared.contracts.chat.conversations import ConversationsChanged
from shared.errors import ParleyError
from shared.messaging.bus import Publisher
from shared.messaging.envelope import envelope
from shared.storage.tables.core import Turn
from shared.telemetry import logs

log = logs.get(__name__)


class ConversationNews:
    """Publishes ids; a broker that is away costs watchers some seconds, until they look by themselves.

    Args:
        publisher: The way to all gateway processes.
    """

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    def stored(self, turns: Sequence[Turn]) -> None:
        """These turns were stored. Those that the bot answers alone are told to nobody: nobody waits for them."""
        waiting = [turn.conversation_id for turn in turns if turn.state.handed_over]
        if waiting:
            self.tell(*waiting)

    def tell(self, *conversation_ids: str) -> None:
        """Something changed in these."""
        try:
            self._publisher.publish([envelope(ConversationsChanged(conversation_ids=conversation_ids))])
        except ParleyError as error:
            log.warning("news of conversations not told", conversations=len(conversation_ids), reason=error.message)
