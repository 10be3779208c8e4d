"""What went wrong with the platform: what goes on is open once per kind and subject, what is over is kept for some weeks."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import ColumnElement, delete, or_, update
from sqlmodel import Session, col, select

from shared.storage.database.statements import insert
from shared.storage.tables.platform import Trouble

TroubleKind = Literal["broker_away", "database_away", "clock_jumped", "late_documents"]

_KEPT_SECONDS = 30 * 86_400
_HOUR = 3600


def begin(session: Session, kind: TroubleKind, since: float, detail: str, subject: str = "") -> None:
    """Note that something goes wrong from now on; while it does, again changes nothing."""
    going_on = select(Trouble).where(*_of(kind, subject), col(Trouble.until).is_(None))
    if session.exec(going_on).first() is None:
        _add(session, kind, subject, int(since), None, 1, detail)


def end(session: Session, kind: TroubleKind, until: float, subject: str = "") -> bool:
    """Note that it is over; ``False`` if it was."""
    open_ones = update(Trouble).where(*_of(kind, subject), col(Trouble.until).is_(None))
    return session.exec(open_ones.values(until=int(until))).rowcount > 0


def note(
    session: Session, kind: TroubleKind, since: float, until: float, detail: str, subject: str = "", count: int = 1
) -> None:
    """Note what happened and is over. What happens again in the same hour is counted in the same row."""
    start = int(since) // _HOUR * _HOUR if kind == "late_documents" else int(since)
    _add(session, kind, subject, start, int(until), count, detail)


def since(session: Session, start: float, limit: int = 100) -> list[Trouble]:
    """What goes on, or went on after that; newest first."""
    lately = or_(col(Trouble.until).is_(None), col(Trouble.until) >= int(start))
    newest = select(Trouble).where(lately).order_by(col(Trouble.since).desc(), col(Trouble.kind), col(Trouble.subject))
    return list(session.exec(newest.limit(limit)))


def prune(session: Session, now: float) -> None:
    """Forget what has been over for long."""
    session.exec(delete(Trouble).where(col(Trouble.until) < int(now) - _KEPT_SECONDS))


def _add(
    session: Session, kind: TroubleKind, subject: str, start: int, until: int | None, count: int, detail: str
) -> None:
    statement = insert(session, Trouble).values(
        kind=kind, subject=subject, since=start, until=until, count=count, detail=detail[:500]
    )
    added = {
        "count": col(Trouble.count) + statement.excluded["count"],
        "until": statement.excluded["until"],
        "detail": statement.excluded["detail"],
    }
    session.exec(statement.on_conflict_do_update(index_elements=["kind", "subject", "since"], set_=added))


def _of(kind: TroubleKind, subject: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return col(Trouble.kind) == kind, col(Trouble.subject) == subject
