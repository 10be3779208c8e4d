"""Where a turn belongs: which conversation, in which state, after which words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi.concurrency import run_in_threadpool

from services.gateway.chat.customers import consented, first_state
from services.gateway.chat.transcript import TranscriptMessage, transcript_hash
from services.gateway.http.access.keyring import Caller
from shared.contracts.chat.turns import DialogueState, PastTurn
from shared.errors import InvalidInput, NotFound
from shared.storage.chat import conversation_items, conversations
from shared.storage.database.engine import Database, Session
from shared.storage.database.identity import new_id
from shared.storage.tables.core import Conversation, Turn


@dataclass(frozen=True, slots=True)
class ConversationContext:
    """A conversation as it stands before a turn.

    Attributes:
        conversation: Its row; not stored yet if ``is_new``.
        history: The last turns, oldest first.
        is_new: The turn begins it.
    """

    conversation: Conversation
    history: tuple[PastTurn, ...] = ()
    is_new: bool = False


def new_conversation(
    caller: Caller,
    now: float,
    *,
    metadata: Mapping[str, str] | None = None,
    state: DialogueState | None = None,
    customer_id: str | None = None,
) -> Conversation:
    """A conversation that nobody has stored yet."""
    return Conversation(
        id=new_id("conv_"),
        created_at=now,
        state=state or DialogueState(),
        key_id=caller.key_id,
        user_metadata=dict(metadata or {}),
        customer_id=customer_id,
    )


def check_owner(caller: Caller, conversation: Conversation) -> Conversation:
    """The conversation, if it is the caller's; a visitor has one, admins see all.

    Raises:
        NotFound: It is somebody else's: whether it exists is not told.
    """
    is_another = caller.conversation_id not in (None, conversation.id)
    if is_another or (conversation.key_id != caller.key_id and not caller.may("admin")):
        raise NotFound(f"No conversation {conversation.id!r}.", param="conversation_id")
    return conversation


class ConversationLookup:
    """Finds the place of a turn in the database, in a thread.

    Args:
        database: Where conversations are.
        history_turns: Earlier turns that go along.
    """

    def __init__(self, database: Database, history_turns: int) -> None:
        self._database = database
        self._history_turns = history_turns

    async def in_conversation(self, caller: Caller, conversation_id: str) -> ConversationContext:
        """The end of a conversation that the caller names.

        Raises:
            NotFound: There is none, or it is somebody else's.
            InvalidInput: It has ended.
        """
        return await run_in_threadpool(self._in_conversation, caller, conversation_id)

    def _in_conversation(self, caller: Caller, conversation_id: str) -> ConversationContext:
        with self._database.reading() as session:
            conversation = check_owner(caller, conversations.get(session, conversation_id))
            if conversation.status == "ended":
                raise InvalidInput(
                    "This conversation has ended; begin another one.",
                    param="conversation_id",
                    code="conversation_ended",
                )
            return ConversationContext(consented(session, conversation), self._history(session, conversation))

    def _history(self, session: Session, conversation: Conversation) -> tuple[PastTurn, ...]:
        if not conversation.items:
            return tuple(conversations.latest_words(session, conversation.id, self._history_turns))
        said = conversation_items.messages(session, conversation.id, self._history_turns)
        return self._pairs([TranscriptMessage(role, text) for role, text in said])

    def before_turn(self, caller: Caller, turn: Turn) -> ConversationContext:
        """The conversation as it stood before a stored turn of it.

        Raises:
            NotFound: It is somebody else's.
        """
        with self._database.reading() as session:
            conversation = check_owner(caller, conversations.get(session, turn.conversation_id))
            earlier = conversations.turns_from(session, conversation.id, turn.position - 1, 1) if turn.position else ()
            said = conversation_items.messages(session, conversation.id, self._history_turns, until=turn.position)
        state = earlier[0].state if earlier else DialogueState(customer=turn.state.customer)
        words = self._pairs([TranscriptMessage(role, text) for role, text in said])
        return ConversationContext(conversation.model_copy(update={"state": state}), words)

    async def after_turn(self, caller: Caller, turn: Turn, now: float) -> ConversationContext:
        """The conversation of a turn, right after it. If it went on meanwhile, another branches off with the state of that time.

        Raises:
            NotFound: It is somebody else's.
        """
        return await run_in_threadpool(self._after_turn, caller, turn, now)

    def _after_turn(self, caller: Caller, turn: Turn, now: float) -> ConversationContext:
        with self._database.reading() as session:
            conversation = check_owner(caller, conversations.get(session, turn.conversation_id))
            if turn.position + 1 == conversation.turns and conversation.status != "ended":
                return ConversationContext(consented(session, conversation), self._history(session, conversation))
            words = conversations.latest_words(session, conversation.id, self._history_turns, until=turn.position)
        branch = new_conversation(
            caller,
            now,
            metadata=conversation.user_metadata,
            state=turn.state,
            customer_id=conversation.customer_id,
        )
        return ConversationContext(branch, tuple(words), is_new=True)

    async def after_words(
        self,
        caller: Caller,
        said: Sequence[TranscriptMessage],
        now: float,
        metadata: Mapping[str, str] | None,
        customer: str | None = None,
    ) -> ConversationContext:
        """A new conversation before which this was said."""
        return await self._beginning(caller, now, metadata, customer, self._pairs(said))

    async def _beginning(
        self,
        caller: Caller,
        now: float,
        metadata: Mapping[str, str] | None,
        customer: str | None,
        history: tuple[PastTurn, ...],
    ) -> ConversationContext:
        if customer is None:
            conversation = new_conversation(caller, now, metadata=metadata)
        else:
            conversation = await run_in_threadpool(self.begin, caller, now, metadata, customer)
        return ConversationContext(conversation, history, is_new=True)

    def begin(
        self, caller: Caller, now: float, metadata: Mapping[str, str] | None, customer: str | None
    ) -> Conversation:
        """A conversation that nobody has stored yet, with what is remembered of its customer."""
        if customer is None:
            return new_conversation(caller, now, metadata=metadata)
        with self._database.reading() as session:
            customer_id, state = first_state(session, caller, customer)
        return new_conversation(caller, now, metadata=metadata, state=state, customer_id=customer_id)

    async def after_messages(
        self,
        caller: Caller,
        user: str | None,
        said: Sequence[TranscriptMessage],
        now: float,
        metadata: Mapping[str, str] | None,
        customer: str | None = None,
    ) -> ConversationContext:
        """The conversation in which exactly this was said.

        If the conversation went on meanwhile (the client edited history, or another customer said the same), a new one
        branches off with the state of that time. Words that we never said begin a new one.
        """
        history = self._pairs(said)
        found = await run_in_threadpool(self._find, caller, user, said) if history else None
        if found is None:
            return await self._beginning(caller, now, metadata, customer, history)
        conversation, state, is_last = found
        if is_last:
            return ConversationContext(conversation, history)
        branch = new_conversation(
            caller, now, metadata=metadata, state=state, customer_id=customer or conversation.customer_id
        )
        return ConversationContext(branch, history, is_new=True)

    def _find(
        self, caller: Caller, user: str | None, said: Sequence[TranscriptMessage]
    ) -> tuple[Conversation, DialogueState, bool] | None:
        with self._database.reading() as session:
            found = conversations.by_digest(session, caller.key_id, transcript_hash(caller.key_id, user, said))
        if found is None:
            return None
        turn, conversation = found
        is_last = turn.position + 1 == conversation.turns and conversation.status != "ended"
        return conversation, turn.state, is_last

    def _pairs(self, said: Sequence[TranscriptMessage]) -> tuple[PastTurn, ...]:
        """Each message of the user with the answer that follows it, the last ``history_turns`` of them."""
        pairs: list[PastTurn] = []
        asked: str | None = None
        for message in said:
            if message.role == "user":
                asked = message.content
            elif message.role == "assistant" and asked is not None:
                pairs.append(PastTurn(user=asked, answer=message.content))
                asked = None
        return tuple(pairs[-self._history_turns :]) if self._history_turns else ()
