"""Turns that other services ask for over the bus, in the name of a channel's owner."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from services.gateway.chat.lookup import ConversationLookup
from services.gateway.chat.turns import Turns, Utterance
from services.gateway.http.access.keyring import Caller
from shared.contracts.channels import ConversationAnswered, SayInConversation
from shared.messaging.consuming.handlers import Emitter, StreamHandlers
from shared.telemetry import correlation

#: Turns under way at once.
AT_ONCE = 16


class Saying:
    """Answers turns for others; a context manager.

    Args:
        turns: Answers and stores.
        lookup: Finds where a turn belongs.
    """

    def __init__(self, turns: Turns, lookup: ConversationLookup) -> None:
        self._turns = turns
        self._lookup = lookup
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="saying")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def take(self, said: SayInConversation, emitter: Emitter) -> None:
        """Have it answered, once for each idempotency key."""
        self._pool.submit(self._answer, said, emitter, correlation.correlation_id())

    def _answer(self, said: SayInConversation, emitter: Emitter, correlation_id: str) -> None:
        try:
            with correlation.bound(correlation_id):
                emitter.finish(asyncio.run(self._turn(said)))
        except Exception as error:  # noqa: BLE001  # whatever it is, who asked is told
            emitter.fail(error)

    async def _turn(self, said: SayInConversation) -> ConversationAnswered:
        caller = Caller(said.key_id, "chat", None)
        utterance = Utterance(said.text, said.idempotency_key, conversation_id=said.conversation_id)
        turn = await self._turns.answer(
            caller, utterance, lambda: self._lookup.in_conversation(caller, said.conversation_id)
        )
        return ConversationAnswered(conversation_id=turn.conversation_id, turn_id=turn.id)


def build_saying_handlers(take: Callable[[SayInConversation, Emitter], None]) -> StreamHandlers:
    """The table of the queue of turns that are asked for."""
    return {SayInConversation: take}
