"""People in conversations: taking them over, and what they say there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from shared.errors import Conflict
from shared.storage.chat import conversation_items, conversations
from shared.storage.tables.core import Conversation, ConversationItem


def take_over(session: Session, conversation_id: str, now: float) -> Conversation:
    """Give a conversation to a person; a second time changes nothing.

    Raises:
        NotFound: There is no such conversation.
        Conflict: It has ended, or a turn came in between.
    """
    conversation = conversations.get(session, conversation_id)
    if conversation.status == "handed_over":
        return conversation
    state = conversation.state.model_copy(update={"handed_over": True, "last_at": now})
    taken = session.exec(
        update(Conversation)
        .where(
            col(Conversation.id) == conversation_id,
            col(Conversation.turns) == conversation.turns,
            col(Conversation.status) == "open",
        )
        .values(status="handed_over", state=state)
    )
    if not taken.rowcount:
        raise Conflict(
            f"Conversation {conversation_id!r} cannot be taken over (its status is {conversation.status!r}). If a message came "
            "this very moment, try again.",
            param="conversation_id",
        )
    session.expire(conversation)
    return conversations.get(session, conversation_id)


def reply(
    session: Session,
    conversation_id: str,
    item: Mapping[str, Any],
    *,
    author: str,
    idempotency_key: str | None,
    now: float,
) -> ConversationItem:
    """Store a colleague's words; with a known idempotency key, what it stored before.

    Raises:
        NotFound: There is no such conversation.
        Conflict: No person has taken the conversation over, or the same words came twice this very moment.
    """
    conversation = conversations.get(session, conversation_id)
    if (known := _by_key(session, conversation_id, idempotency_key)) is not None:
        return known
    if conversation.status != "handed_over":
        raise Conflict(
            f"Conversation {conversation_id!r} is not in the hands of a person (its status is {conversation.status!r}); take it "
            "over first.",
            param="conversation_id",
        )
    try:
        (said,) = conversation_items.add(
            session, conversation_id, [item], now, author=author, idempotency_key=idempotency_key
        )
    except IntegrityError:
        raise Conflict(
            "These words are being stored this very moment; send them again.", param="Idempotency-Key"
        ) from None
    _keep_with_person(session, conversation, now)
    return said


def _by_key(session: Session, conversation_id: str, idempotency_key: str | None) -> ConversationItem | None:
    if idempotency_key is None:
        return None
    mine = (
        col(ConversationItem.conversation_id) == conversation_id,
        col(ConversationItem.idempotency_key) == idempotency_key,
    )
    return session.exec(select(ConversationItem).where(*mine)).one_or_none()


def _keep_with_person(session: Session, conversation: Conversation, now: float) -> None:
    """A colleague who writes is no idle one: the bot's return counts from now. A turn that comes in between tells it itself."""
    if conversation.state.last_at > 0:
        session.exec(
            update(Conversation)
            .where(col(Conversation.id) == conversation.id, col(Conversation.turns) == conversation.turns)
            .values(state=conversation.state.model_copy(update={"last_at": now}))
        )
