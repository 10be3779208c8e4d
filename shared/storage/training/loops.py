"""The loop from corrections to models: its rule, and its rounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from shared.errors import NotFound
from shared.storage.database.paging import Page, read_page
from shared.storage.database.statements import insert, values
from shared.storage.tables.feedback import Feedback
from shared.storage.tables.people import LoopRound, LoopRule

#: Rounds that are not over.
OPEN = ("preparing", "training", "asking")


def rule(session: Session, slot: str) -> LoopRule | None:
    """The rule of a deployment, if somebody has made one."""
    return session.get(LoopRule, slot)


def put_rule(session: Session, rule: LoopRule) -> None:
    """Store it in the place of the one before."""
    session.exec(
        insert(session, LoopRule)
        .values(values(rule))
        .on_conflict_do_update(
            index_elements=["slot"], set_={"rule": rule.rule, "updated_at": rule.updated_at, "key_id": rule.key_id}
        )
    )


def rules(session: Session) -> list[LoopRule]:
    """Every rule."""
    return list(session.exec(select(LoopRule).order_by(col(LoopRule.slot))))


def begin(session: Session, new: LoopRound) -> bool:
    """Store a round, unless one of its id is there: of several processes that begin it at once, one does."""
    statement = insert(session, LoopRound).values(values(new)).on_conflict_do_nothing().returning(col(LoopRound.id))
    return session.scalars(statement).one_or_none() is not None


def get(session: Session, round_id: str) -> LoopRound:
    """One round.

    Raises:
        NotFound: There is none of that id.
    """
    found = session.get(LoopRound, round_id)
    if found is None:
        raise NotFound(f"No round {round_id!r} of the loop.", param="round_id")
    return found


def page(session: Session, *, after: str | None, limit: int) -> Page[LoopRound]:
    """Rounds, newest first."""
    return read_page(session, LoopRound, keys=("created_at", "id"), after=after, limit=limit, order="desc")


def latest(session: Session, slot: str) -> LoopRound | None:
    """The round that began last."""
    mine = select(LoopRound).where(col(LoopRound.slot) == slot)
    return session.exec(mine.order_by(col(LoopRound.created_at).desc(), col(LoopRound.id)).limit(1)).one_or_none()


def count(session: Session, slot: str) -> int:
    """How many rounds there were."""
    return session.exec(select(func.count()).select_from(LoopRound).where(col(LoopRound.slot) == slot)).one()


def unfinished(session: Session) -> list[LoopRound]:
    """Rounds that are not over, oldest first."""
    open_ = select(LoopRound).where(col(LoopRound.state).in_(OPEN))
    return list(session.exec(open_.order_by(col(LoopRound.created_at))))


def made_of(session: Session, training_file: str) -> LoopRound | None:
    """The round that made a training file, if one did."""
    mine = select(LoopRound).where(col(LoopRound.training_file) == training_file)
    return session.exec(mine.limit(1)).one_or_none()


def move(session: Session, round_id: str, before: str, **changes: Any) -> bool:
    """Change a round that stands at ``before``; whether it did."""
    here = (col(LoopRound.id) == round_id, col(LoopRound.state) == before)
    return bool(session.exec(update(LoopRound).where(*here).values(**changes)).rowcount)


def new_corrections(session: Session, since: float, sources: Sequence[str]) -> int:
    """Turns that people of some kinds corrected after ``since`` (Unix seconds)."""
    counted = select(func.count(func.distinct(col(Feedback.turn_id)))).where(
        col(Feedback.correct).is_not(None), col(Feedback.created_at) > since, col(Feedback.source).in_(sources)
    )
    return session.exec(counted).one()
