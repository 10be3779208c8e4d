"""What people think of answers."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import case, delete
from sqlmodel import Session, col, select

from shared.errors import NotFound
from shared.storage.database.paging import Page, read_page
from shared.storage.database.statements import insert, values
from shared.storage.tables.core import Turn
from shared.storage.tables.feedback import Feedback, FeedbackSource

#: Whose word counts most: who reviews has looked twice.
_WEIGHTS = {"reviewer": 2, "agent": 1, "customer": 0}


def add(session: Session, given: Feedback) -> Feedback:
    """Store it; with a known idempotency key, what was stored before."""
    statement = insert(session, Feedback).values(values(given)).on_conflict_do_nothing().returning(col(Feedback.id))
    if session.scalars(statement).one_or_none() is not None:
        return given
    mine = (col(Feedback.key_id) == given.key_id, col(Feedback.idempotency_key) == given.idempotency_key)
    return session.exec(select(Feedback).where(*mine)).one()


def turn(session: Session, turn_id: str) -> Turn:
    """The turn that is spoken of.

    Raises:
        NotFound: There is none.
    """
    found = session.get(Turn, turn_id)
    if found is None:
        raise NotFound(f"No turn {turn_id!r}.", param="turn_id")
    return found


def page(
    session: Session,
    *,
    key_id: str | None,
    turn_id: str | None,
    source: FeedbackSource | None,
    after: str | None,
    limit: int,
) -> Page[Feedback]:
    """What was said, newest first: by one API key or by all, of one turn or of all, from one side or from all."""
    wanted = ((col(Feedback.key_id), key_id), (col(Feedback.turn_id), turn_id), (col(Feedback.source), source))
    where = [column == value for column, value in wanted if value is not None]
    return read_page(session, Feedback, *where, keys=("created_at", "id"), after=after, limit=limit, order="desc")


def of_conversation(session: Session, conversation_id: str) -> Sequence[Feedback]:
    """What was said of the turns of a conversation, oldest first."""
    mine = select(Feedback).where(col(Feedback.conversation_id) == conversation_id)
    return session.exec(mine.order_by(col(Feedback.created_at), col(Feedback.id))).all()


def corrections(session: Session, since: float, limit: int) -> Sequence[tuple[Feedback, Turn]]:
    """Corrections from ``since`` on with their turns: what a reviewer said before what others did, the newest first."""
    weight = case(_WEIGHTS, value=col(Feedback.source), else_=0)
    statement = (
        select(Feedback, Turn)
        .join(Turn, col(Turn.id) == col(Feedback.turn_id))
        .where(col(Feedback.correct).is_not(None), col(Feedback.created_at) >= since)
        .order_by(weight.desc(), col(Feedback.created_at).desc(), col(Feedback.id))
    )
    return session.exec(statement.limit(limit)).all()


def before(session: Session, turn_of: Turn) -> Turn | None:
    """The turn before one, in the same conversation."""
    here = (col(Turn.conversation_id) == turn_of.conversation_id, col(Turn.position) == turn_of.position - 1)
    return session.exec(select(Turn).where(*here)).one_or_none()


def forget(session: Session, conversation_id: str) -> None:
    """Delete what was said of a conversation."""
    session.exec(delete(Feedback).where(col(Feedback.conversation_id) == conversation_id))
