"""The review of what guards saw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import case, delete, func, update
from sqlmodel import Session, col, select

from shared.errors import InvalidInput, NotFound
from shared.storage.database.paging import Page, read_page
from shared.storage.database.statements import insert_rows
from shared.storage.tables.core import Turn
from shared.storage.tables.guards import GuardReview, GuardVerdict


class RuleCount(NamedTuple):
    """How often one rule saw something, and what people said of it."""

    guard: str
    rule: str
    seen: int
    blocked: int
    right: int
    false_alarms: int


def add(session: Session, turns: Sequence[Turn]) -> None:
    """Put what guards saw in stored turns up for review."""
    rows = [
        GuardReview(
            id=f"guard_{turn.id.removeprefix('turn_')}_{number}",
            created_at=turn.created_at,
            turn_id=turn.id,
            conversation_id=turn.conversation_id,
            guard=hit.guard,
            rule=hit.rule,
            side=hit.side,
            blocked=hit.blocked,
            withheld=hit.withheld,
            slots=hit.values,
        )
        for turn in turns
        for number, hit in enumerate(turn.answer.guards)
    ]
    insert_rows(session, rows)


def page(
    session: Session,
    *,
    is_open: bool | None,
    guard: str | None,
    rule: str | None,
    conversation_id: str | None,
    after: str | None,
    limit: int,
) -> Page[GuardReview]:
    """What was seen, newest first: open or decided, of one guard, rule or conversation, or of all."""
    wanted = ((GuardReview.guard, guard), (GuardReview.rule, rule), (GuardReview.conversation_id, conversation_id))
    where = [col(column) == value for column, value in wanted if value is not None]
    if is_open is not None:
        where.append(col(GuardReview.verdict).is_(None) if is_open else col(GuardReview.verdict).is_not(None))
    return read_page(session, GuardReview, *where, keys=("created_at", "id"), after=after, limit=limit, order="desc")


def turns_of(session: Session, reviews: Sequence[GuardReview]) -> dict[str, Turn]:
    """The turns that reviews are about, by id."""
    wanted = {review.turn_id for review in reviews}
    return {turn.id: turn for turn in session.exec(select(Turn).where(col(Turn.id).in_(wanted)))} if wanted else {}


def get(session: Session, review_id: str) -> GuardReview:
    """One review.

    Raises:
        NotFound: There is no such review.
    """
    found = session.get(GuardReview, review_id)
    if found is None:
        raise NotFound(f"No guard review {review_id!r}.", param="review_id")
    return found


def decide(
    session: Session, review_id: str, verdict: GuardVerdict, *, author: str | None, key_id: str, now: float
) -> GuardReview:
    """Say whether a guard was right; the last word counts.

    Raises:
        NotFound: There is no such review.
        InvalidInput: The verdict is one for requests.
    """
    if verdict not in ("right", "false_alarm"):
        raise InvalidInput("What a guard saw is 'right' or a 'false_alarm'; send one of them.", param="verdict")
    decided = {"verdict": verdict, "author": author, "key_id": key_id, "decided_at": now}
    session.exec(update(GuardReview).where(col(GuardReview.id) == review_id).values(**decided))
    return get(session, review_id)


def counts(session: Session, since: float) -> list[RuleCount]:
    """How often each rule saw something since then, the most frequent first."""
    rule = (col(GuardReview.guard), col(GuardReview.rule))
    seen = func.count()
    said = [
        func.sum(case((condition, 1), else_=0))
        for condition in (
            col(GuardReview.blocked),
            col(GuardReview.verdict) == "right",
            col(GuardReview.verdict) == "false_alarm",
        )
    ]
    statement = select(*rule, seen, *said).where(col(GuardReview.created_at) >= since)
    rows = session.exec(statement.group_by(*rule).order_by(seen.desc(), *rule))
    return [RuleCount._make(row) for row in rows]


def forget(session: Session, conversation_id: str) -> None:
    """Delete what was seen in a conversation."""
    session.exec(delete(GuardReview).where(col(GuardReview.conversation_id) == conversation_id))
