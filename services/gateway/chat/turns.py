"""A chat turn from the customer's words to the stored answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from fastapi.concurrency import run_in_threadpool

from services.gateway.chat.generation import KEEP_ALIVE_SECONDS
from services.gateway.chat.lookup import ConversationContext
from services.gateway.chat.surges import ChatSurges
from services.gateway.chat.turn_writer import TurnWriter
from services.gateway.http.access.keyring import Caller
from services.gateway.http.waiting import parts
from shared.contracts.chat.generation import GenerationCancelled, TokensProduced
from shared.contracts.chat.turns import TurnAnswered, TurnReceived
from shared.contracts.media import Attachment
from shared.contracts.message import Message
from shared.errors import Conflict, InvalidInput, Unavailable
from shared.messaging.requesting.requester import Requester
from shared.storage.chat import conversations
from shared.storage.database.engine import Database
from shared.storage.database.identity import new_id
from shared.storage.tables.core import Response, Turn
from shared.telemetry import metrics
from shared.telemetry.correlation import correlation_id


@dataclass(frozen=True, slots=True)
class Utterance:
    """What a customer says.

    Attributes:
        text: The words.
        idempotency_key: A repeated one brings the stored answer back instead of a second turn.
        digest_of: The hash of all that was said once the answer (its argument) is known; ``None`` if the conversation
            is always named by its id.
        conversation_id: The conversation that was named, if one was.
        turn_id: Of the turn, if that is to have a certain one.
        answers: Makes, of the turn, the response that is stored beside it.
        flagged: The category for which the text is to be blocked.
        attachments: What was read in pictures that came along.
        review: What becomes of the answer before it is stored.
    """

    text: str
    idempotency_key: str | None = None
    digest_of: Callable[[str], str] | None = None
    conversation_id: str | None = None
    turn_id: str | None = None
    answers: Callable[[Turn], Response] | None = None
    flagged: str = ""
    attachments: tuple[Attachment, ...] = ()
    review: Callable[[TurnAnswered], Awaitable[TurnAnswered]] | None = None

    def became(self, turn: Turn) -> bool:
        """Whether a stored turn is what was said: the same words, in the same place."""
        return (
            turn.user_text == self.text
            and self.conversation_id in (None, turn.conversation_id)
            and (self.digest_of is None or turn.digest == self.digest_of(turn.answer.text))
        )


@dataclass(slots=True)
class Listener:
    """Somebody who is told an answer as it is written.

    Attributes:
        tell: Gets the words, and after the first of them an empty text now and then while there are no more. Before them nothing is told:
            until something was said, a failure still has a status of its own.
        turn_id: Of the turn, once it is asked.
        asked_at: Unix seconds of that.
        spoken: Whether there were words: then the turn cannot be tried a second time.
    """

    tell: Callable[[str], None]
    turn_id: str = ""
    asked_at: float = 0.0
    spoken: bool = False

    def hear(self, parts: Sequence[Message]) -> None:
        """Pass on what came."""
        text = "".join(piece.text for part in parts if isinstance(part, TokensProduced) for piece in part.pieces)
        self.spoken = self.spoken or bool(text)
        if text or (self.spoken and not parts):
            self.tell(text)


class Turns:
    """Answers turns: asks nlu and generation, stores, and only then answers.

    Args:
        requester: The way to nlu and generation.
        writer: Stores turns.
        database: Where they are found again.
        surges: With which wishes customers are angry just now.
        timeout: Seconds that an answer may take.
        clock: Unix seconds.
    """

    def __init__(
        self,
        requester: Requester,
        writer: TurnWriter,
        database: Database,
        surges: ChatSurges,
        *,
        timeout: float,
        clock: Callable[[], float],
    ) -> None:
        self._requester = requester
        self._writer = writer
        self._database = database
        self._surges = surges
        self._timeout = timeout
        self._clock = clock

    async def answer(
        self,
        caller: Caller,
        said: Utterance,
        find: Callable[[], Awaitable[ConversationContext]],
        listener: Listener | None = None,
    ) -> Turn:
        """Answer and store a turn.

        Args:
            caller: Who speaks.
            said: What is said.
            find: Reads where the turn belongs; called again when another turn of the conversation came first.
            listener: Is told what a language model writes while it writes it.

        Raises:
            Conflict: Others came first twice; the caller may try again.
            DeadlineExceeded: Nobody answered in time.
            TooManyRequests: Too many wait already.
        """
        repeated = await self._stored_before(caller, said)
        if repeated is not None:
            return repeated
        try:
            return await self._attempt(said, await find(), listener)
        except Conflict:
            if listener is not None and listener.spoken:
                raise
            repeated = await self._stored_before(caller, said)
            return repeated or await self._attempt(said, await find(), listener)

    async def _attempt(self, said: Utterance, place: ConversationContext, listener: Listener | None) -> Turn:
        question, answered = await self._ask(said, place, listener)
        if said.review is not None:
            answered = await said.review(answered)
        turn = _turn(said, place, (question, answered))
        opens = place.conversation if place.is_new else None
        beside = said.answers(turn) if said.answers else None
        await asyncio.wrap_future(self._writer.store(turn, opens=opens, beside=beside))
        metrics.TURNS_STORED.labels(turn.answer.kind).inc()
        return turn

    async def _ask(
        self, said: Utterance, place: ConversationContext, listener: Listener | None
    ) -> tuple[TurnReceived, TurnAnswered]:
        question = TurnReceived(
            turn_id=said.turn_id or new_id("turn_"),
            conversation_id=place.conversation.id,
            text=said.text,
            history=place.history,
            state=place.conversation.state,
            received_at=self._clock(),
            flagged=said.flagged,
            attachments=said.attachments,
            surging=() if place.history else self._surges.intents,
        )
        if listener is None:
            future = self._requester.submit(question, timeout=self._timeout, correlation_id=correlation_id())
            answered: Message | None = await asyncio.wrap_future(future)
        else:
            listener.turn_id, listener.asked_at = question.turn_id, question.received_at
            answered = await self._heard(question, listener)
        if not isinstance(answered, TurnAnswered):
            raise Unavailable(f"a turn came back as {type(answered).__name__}; all services must be of one version")
        return question, answered

    async def _heard(self, question: TurnReceived, listener: Listener) -> Message | None:
        """Ask, pass on what is told meanwhile, and return the last part."""
        stream = self._requester.stream(
            question,
            timeout=self._timeout,
            cancelled=lambda request_id: GenerationCancelled(request_id=request_id),
            correlation_id=correlation_id(),
        )
        last: Message | None = None
        try:
            async for some in parts(stream, KEEP_ALIVE_SECONDS):
                last = some[-1] if some else last
                listener.hear(some)
        finally:
            stream.cancel()  # without effect on one that is complete
        return last

    async def _stored_before(self, caller: Caller, said: Utterance) -> Turn | None:
        if said.idempotency_key is None:
            return None
        turn = await run_in_threadpool(self._by_idempotency_key, caller.key_id, said.idempotency_key)
        if turn is not None and not said.became(turn):
            raise InvalidInput(
                "This Idempotency-Key was used for another message; use a new one for each message.",
                param="Idempotency-Key",
                code="idempotency_key_reused",
            )
        return turn

    def _by_idempotency_key(self, key_id: str, idempotency_key: str) -> Turn | None:
        with self._database.reading() as session:
            return conversations.by_idempotency_key(session, key_id, idempotency_key)


def _turn(said: Utterance, place: ConversationContext, exchange: tuple[TurnReceived, TurnAnswered]) -> Turn:
    question, answered = exchange
    return Turn(
        id=question.turn_id,
        conversation_id=place.conversation.id,
        position=place.conversation.turns,
        created_at=question.received_at,
        user_text=question.text,
        answer=answered.answer,
        understanding=answered.understanding,
        state=answered.state,
        bot_version=answered.bot_version,
        model_id=answered.understanding.model,
        key_id=place.conversation.key_id,
        digest=said.digest_of(answered.answer.text) if said.digest_of else None,
        idempotency_key=said.idempotency_key,
        # A model without sentiment leaves nothing to tell; the sweep must not look at the turn again and again.
        observed_at=question.received_at if answered.understanding.sentiment is None else None,
    )
