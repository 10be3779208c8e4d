"""What customers wrote becomes turns: one after the other in each thread, each once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from shared.contracts.channels import ConversationAnswered, SayInConversation
from shared.contracts.chat.turns import DialogueState
from shared.errors import InvalidInput, NotFound, Unavailable
from shared.messaging.requesting.requester import Requester
from shared.storage.chat import channels, conversations
from shared.storage.database.engine import Database, Session
from shared.storage.database.identity import new_id
from shared.storage.tables.channels import ChannelMessage, ChannelThread
from shared.storage.tables.core import Conversation


class Conversing:
    """Has messages answered.

    Args:
        database: Where threads and conversations are.
        requester: The way to the gateway, which answers turns.
        timeout: Seconds that an answer may take.
        clock: Unix seconds.
    """

    def __init__(self, database: Database, requester: Requester, timeout: float, clock: Callable[[], float]) -> None:
        self._database = database
        self._requester = requester
        self._timeout = timeout
        self._clock = clock

    def answer(self, message: ChannelMessage) -> str:
        """Have a message answered; returns the conversation. Done again, nothing is said twice.

        Raises:
            ParleyError: It was not answered; ``retryable`` says whether it may be yet.
        """
        with self._database.transaction() as session:
            conversation = self._conversation(session, message)
            if reply := message.content.get("reply"):
                channels.reply_with(session, message.channel_id, message.thread, reply)
        question = SayInConversation(
            key_id=conversation.key_id,
            conversation_id=conversation.id,
            text=message.content["text"],
            idempotency_key=f"channel:{message.channel_id}:{_digest(message.external_id)}",
        )
        reply = self._requester.submit(question, timeout=self._timeout).result()
        if not isinstance(reply, ConversationAnswered):
            raise Unavailable(f"a turn came back as {type(reply).__name__}; all services must be of one version")
        return reply.conversation_id

    def _conversation(self, session: Session, message: ChannelMessage) -> Conversation:
        """That of the thread, if it goes on; else a new one."""
        thread = channels.thread(session, message.channel_id, message.thread)
        before = _open(session, thread.conversation_id) if thread is not None else None
        if before is not None:
            if message.content.get("is_bots") and before.status == "handed_over":
                return conversations.release(session, before.id)
            return before
        channel = channels.get(session, message.channel_id)
        author = message.content.get("author")
        metadata = {"channel": channel.setting.root.type, "channel_id": channel.id, "thread": message.thread[:512]}
        new = Conversation(
            id=new_id("conv_"),
            created_at=self._clock(),
            state=DialogueState(),
            key_id=channel.key_id,
            user_metadata=metadata | ({"customer": author[:512]} if author else {}),
        )
        conversations.add(session, new)
        attached = channels.attach(
            session, ChannelThread(channel_id=channel.id, thread=message.thread, conversation_id=new.id)
        )
        if not attached:
            raise Unavailable("another process began the conversation of this thread; it is looked up again")
        return new


def _open(session: Session, conversation_id: str) -> Conversation | None:
    try:
        found = conversations.get(session, conversation_id)
    except NotFound:  # its words were deleted
        return None
    return None if found.status == "ended" else found


def _digest(external_id: str) -> str:
    return hashlib.sha256(external_id.encode("utf-8", "surrogatepass")).hexdigest()


def is_over(error: Exception) -> bool:
    """Whether the conversation ended just now, so that another try begins a new one."""
    return isinstance(error, InvalidInput) and error.code == "conversation_ended"
