"""What was said in a conversation outside its turns, and the words of both in their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, tuple_, update
from sqlmodel import Session, col, select

from shared.errors import InvalidInput, NotFound
from shared.storage.chat import channels, conversations, guards
from shared.storage.database.identity import new_id
from shared.storage.database.paging import Order
from shared.storage.tables.completions import StoredCompletion
from shared.storage.tables.core import Conversation, ConversationItem, Response, ResponsePiece, Turn
from shared.storage.tables.people import ConversationNote, KnowledgeProposal
from shared.storage.training import feedback


def add(
    session: Session,
    conversation_id: str,
    items: Sequence[Mapping[str, Any]],
    now: float,
    *,
    author: str | None = None,
    idempotency_key: str | None = None,
) -> list[ConversationItem]:
    """Append items after all that was said; those of a colleague have an ``author``.

    Raises:
        NotFound: There is no such conversation.
        InvalidInput: It has ended.
    """
    grown = session.exec(
        update(Conversation)
        .where(col(Conversation.id) == conversation_id, col(Conversation.status) != "ended")
        .values(items=col(Conversation.items) + len(items))
    )
    conversation = conversations.get(session, conversation_id)
    if not grown.rowcount:
        raise InvalidInput(
            "This conversation has ended; begin another one.", param="conversation", code="conversation_ended"
        )
    rows = [
        ConversationItem(
            id=new_id("item_"),
            conversation_id=conversation_id,
            after_turns=conversation.turns,
            created_at=now,
            item=dict(item),
            author=author,
            idempotency_key=idempotency_key,
        )
        for item in items
    ]
    for row in rows:
        session.add(row)
        session.flush()
    return rows


def get(session: Session, conversation_id: str, item_id: str) -> ConversationItem:
    """One of a conversation.

    Raises:
        NotFound: It has none of that id.
    """
    mine = (col(ConversationItem.conversation_id) == conversation_id, col(ConversationItem.id) == item_id)
    found = session.exec(select(ConversationItem).where(*mine)).one_or_none()
    if found is None:
        raise NotFound(f"No item {item_id!r} in this conversation.", param="item_id")
    return found


def after(session: Session, conversation_id: str, turns: int, seq: int, limit: int = 1000) -> list[ConversationItem]:
    """Those said when more than ``turns`` turns had been stored, or then and after item ``seq``; oldest first."""
    here = (col(ConversationItem.after_turns), col(ConversationItem.seq))
    later = (col(ConversationItem.conversation_id) == conversation_id, tuple_(*here) > tuple_(turns, seq))
    return list(session.exec(select(ConversationItem).where(*later).order_by(*here).limit(limit)).all())


def since(session: Session, conversation_id: str, seq: int, limit: int = 1000) -> list[ConversationItem]:
    """Those said after item ``seq``, oldest first."""
    later = (col(ConversationItem.conversation_id) == conversation_id, col(ConversationItem.seq) > seq)
    return list(session.exec(select(ConversationItem).where(*later).order_by(col(ConversationItem.seq)).limit(limit)))


def newest(session: Session, conversation_id: str) -> int:
    """``seq`` of the item said last; 0 if there is none."""
    mine = select(func.max(ConversationItem.seq)).where(col(ConversationItem.conversation_id) == conversation_id)
    return session.exec(mine).one() or 0


def remove(session: Session, conversation_id: str, item_id: str) -> None:
    """Delete one.

    Raises:
        NotFound: The conversation has none of that id.
    """
    get(session, conversation_id, item_id)
    session.exec(delete(ConversationItem).where(col(ConversationItem.id) == item_id))
    session.exec(
        update(Conversation).where(col(Conversation.id) == conversation_id).values(items=col(Conversation.items) - 1)
    )


def all(session: Session, conversation_id: str) -> list[ConversationItem]:  # noqa: A001  # read as conversation_items.all
    """Every one, in the order in which they were said."""
    mine = select(ConversationItem).where(col(ConversationItem.conversation_id) == conversation_id)
    return list(session.exec(mine.order_by(col(ConversationItem.after_turns), col(ConversationItem.seq))).all())


def forget(session: Session, conversation_id: str) -> None:
    """Delete a conversation with every word of it: turns, items, notes, responses and what was being written of them."""
    feedback.forget(session, conversation_id)
    guards.forget(session, conversation_id)
    channels.forget(session, conversation_id)
    theirs = select(col(Response.id)).where(col(Response.conversation_id) == conversation_id)
    session.exec(delete(ResponsePiece).where(col(ResponsePiece.response_id).in_(theirs)))
    for table in (ConversationNote, KnowledgeProposal, Response, ConversationItem, StoredCompletion, Turn):
        session.exec(delete(table).where(col(table.conversation_id) == conversation_id))
    session.exec(delete(Conversation).where(col(Conversation.id) == conversation_id))


def turns(session: Session, conversation_id: str) -> list[Turn]:
    """Every turn of a conversation, oldest first."""
    mine = select(Turn).where(col(Turn.conversation_id) == conversation_id)
    return list(session.exec(mine.order_by(col(Turn.position))).all())


def messages(session: Session, conversation_id: str, count: int, *, until: int | None = None) -> list[tuple[str, str]]:
    """Role and words of what was said in the last ``count`` turns and in the items among them (before turn ``until``), oldest first."""
    newest = select(Turn).where(col(Turn.conversation_id) == conversation_id).order_by(col(Turn.position).desc())
    if until is not None:
        newest = newest.where(col(Turn.position) < until)
    recent = list(reversed(session.exec(newest.limit(count)).all()))
    since = recent[0].position if recent else 0
    keyed = [
        ((row.after_turns, 0), row.item["role"], "".join(part.get("text", "") for part in row.item["content"]))
        for row in all(session, conversation_id)
        if row.item["type"] == "message" and since <= row.after_turns <= (row.after_turns if until is None else until)
    ]
    for turn in recent:
        keyed += [((turn.position, 1), "user", turn.user_text), ((turn.position, 2), "assistant", turn.answer.text)]
    keyed.sort(key=lambda said: said[0])
    return [(role, text) for _, role, text in keyed]


Place = tuple[int, int, int]
"""Where a message or an item stands: turns before it; 0 for an item, 1 for what a customer said, 2 for the answer; ``seq``."""


def page(
    session: Session, conversation_id: str, *, after: Place | None, limit: int, order: Order
) -> tuple[list[Turn], list[ConversationItem]]:
    """At least the next ``limit`` turns and items after a place, each in their order, as far as there are any."""
    up = order == "asc"
    position, place = col(Turn.position), tuple_(col(ConversationItem.after_turns), col(ConversationItem.seq))
    turns_ = select(Turn).where(col(Turn.conversation_id) == conversation_id)
    items = select(ConversationItem).where(col(ConversationItem.conversation_id) == conversation_id)
    if after is not None:
        # A turn has two messages: the place may be between them. An item stands before the turn of its number.
        turns_ = turns_.where(position >= after[0] if up else position <= after[0])
        here = tuple_(after[0], after[2] if after[1] == 0 else 2**62)
        items = items.where(place > here if up else place < here)
    turns_ = turns_.order_by(position.asc() if up else position.desc()).limit(limit + 1)
    keys = (col(ConversationItem.after_turns), col(ConversationItem.seq))
    items = items.order_by(*(key.asc() if up else key.desc() for key in keys)).limit(limit)
    return list(session.exec(turns_).all()), list(session.exec(items).all())
