"""What nobody has come back to: conversations, and answers that belong to none."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, exists, select
from sqlmodel import Session, col

from shared.storage.tables.completions import StoredCompletion
from shared.storage.tables.core import Conversation, ConversationItem, Response, ResponsePiece, Turn


def silent_since(session: Session, before: float, limit: int) -> Sequence[str]:
    """Conversations in which nothing was said since then, the oldest first."""
    said = [
        exists().where(col(table.conversation_id) == col(Conversation.id), col(table.created_at) >= before)
        for table in (Turn, ConversationItem)
    ]
    old = select(col(Conversation.id)).where(col(Conversation.created_at) < before, *(~one for one in said))
    return session.scalars(old.order_by(col(Conversation.created_at)).limit(limit)).all()


def expire_answers(session: Session, before: float) -> None:
    """Delete responses and completions of then and earlier that belong to no conversation."""
    mine = (col(Response.conversation_id).is_(None), col(Response.created_at) < before)
    session.execute(
        delete(ResponsePiece).where(col(ResponsePiece.response_id).in_(select(col(Response.id)).where(*mine)))
    )
    session.execute(delete(Response).where(*mine))
    session.execute(
        delete(StoredCompletion).where(
            col(StoredCompletion.conversation_id).is_(None), col(StoredCompletion.created_at) < before
        )
    )
