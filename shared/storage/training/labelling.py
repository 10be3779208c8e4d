"""Turns that are worth a person's look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlmodel import Session, col, select

from shared.storage.tables.core import Conversation, Turn
from shared.storage.tables.feedback import Feedback

#: Conversations whose turns are looked through, the newest.
CONVERSATIONS = 500
#: Turns of them, and pieces of feedback.
TURNS, GIVEN = 2_000, 5_000


def recent(session: Session) -> Sequence[Turn]:
    """Turns of the newest conversations."""
    newest = select(col(Conversation.id)).order_by(col(Conversation.created_at).desc(), col(Conversation.id))
    ids = session.scalars(newest.limit(CONVERSATIONS)).all()
    return session.exec(select(Turn).where(col(Turn.conversation_id).in_(ids)).limit(TURNS)).all()


def labels(session: Session) -> Sequence[Feedback]:
    """What reviewers said of how turns should have been read, newest first."""
    given = select(Feedback).where(col(Feedback.source) == "reviewer", col(Feedback.correct).is_not(None))
    return session.exec(given.order_by(col(Feedback.created_at).desc()).limit(GIVEN)).all()


def complaints(session: Session) -> Sequence[Feedback]:
    """What customers were displeased with, newest first."""
    bad = (col(Feedback.source) == "customer", col(Feedback.rating) <= 2)  # thumbs down is 1
    return session.exec(select(Feedback).where(*bad).order_by(col(Feedback.created_at).desc()).limit(GIVEN)).all()


def turns(session: Session, ids: Sequence[str]) -> Mapping[str, Turn]:
    """Turns by id."""
    return {turn.id: turn for turn in session.exec(select(Turn).where(col(Turn.id).in_(ids)))}
