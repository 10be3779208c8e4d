"""What colleagues said in conversations that they had taken over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from shared.errors import Conflict, InvalidInput
from shared.storage import conversations
from shared.storage.identity import new_id
from shared.storage.statements import insert, values
from shared.storage.tables import Conversation, Reply

#: What the ids of replies begin with; those of turns begin otherwise.
PREFIX: Final = "reply_"


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


def add(
    session: Session,
    conversation_id: str,
    *,
    content: str,
    author: str,
    key_id: str,
    idempotency_key: str | None,
    now: float,
) -> Reply:
    """Store a colleague's words; with a known idempotency key, what it stored before.

    Raises:
        NotFound: There is no such conversation.
        Conflict: No person has taken the conversation over, or another reply came this very moment.
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
    here = col(Reply.conversation_id) == conversation_id
    reply = Reply(
        id=new_id(PREFIX),
        conversation_id=conversation_id,
        number=session.exec(select(func.count()).select_from(Reply).where(here)).one(),
        position=conversation.turns,
        created_at=now,
        content=content,
        author=author,
        key_id=key_id,
        idempotency_key=idempotency_key,
    )
    statement = insert(session, Reply).values(values(reply)).on_conflict_do_nothing().returning(col(Reply.id))
    if session.scalars(statement).one_or_none() is None:
        raise Conflict("Another reply came this very moment; send yours again.", param="conversation_id")
    _keep_with_person(session, conversation, now)
    return reply


def of(session: Session, conversation_id: str, *, first: int = 0, limit: int = 1000) -> Sequence[Reply]:
    """The replies of a conversation from number ``first`` on, oldest first."""
    here = (col(Reply.conversation_id) == conversation_id, col(Reply.number) >= first)
    return session.exec(select(Reply).where(*here).order_by(col(Reply.number)).limit(limit)).all()


def get(session: Session, conversation_id: str, reply_id: str) -> Reply:
    """A reply of a conversation.

    Raises:
        InvalidInput: There is none of this id to continue after.
    """
    reply = session.get(Reply, reply_id)
    if reply is None or reply.conversation_id != conversation_id:
        raise InvalidInput(f"There is no {reply_id!r} to continue after; take the id of the last item.", param="after")
    return reply


def count_before(session: Session, conversation_id: str, turns: int) -> int:
    """How many were said before so many turns had been stored."""
    earlier = (col(Reply.conversation_id) == conversation_id, col(Reply.position) < turns)
    return session.exec(select(func.count()).select_from(Reply).where(*earlier)).one()


def _by_key(session: Session, conversation_id: str, idempotency_key: str | None) -> Reply | None:
    if idempotency_key is None:
        return None
    mine = (col(Reply.conversation_id) == conversation_id, col(Reply.idempotency_key) == idempotency_key)
    return session.exec(select(Reply).where(*mine)).one_or_none()


def _keep_with_person(session: Session, conversation: Conversation, now: float) -> None:
    """A colleague who writes is no idle one: the bot's return counts from now. A turn that comes in between tells it itself."""
    if conversation.state.last_at > 0:
        session.exec(
            update(Conversation)
            .where(col(Conversation.id) == conversation.id, col(Conversation.turns) == conversation.turns)
            .values(state=conversation.state.model_copy(update={"last_at": now}))
        )
