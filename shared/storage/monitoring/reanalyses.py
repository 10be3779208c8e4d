"""Spans of streams read again: ``queued -> running -> succeeded | failed | cancelled``. What was read first stays with the document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, delete, func, literal_column, tuple_, update
from sqlalchemy import select as grouped
from sqlmodel import Session, col, select

from shared.errors import NotFound
from shared.storage.database.paging import Page, read_page
from shared.storage.database.statements import insert_new
from shared.storage.tables.platform import Reanalysis, Rereading
from shared.storage.tables.streams import Document

#: Under way.
_OPEN = ("queued", "running")


@dataclass(frozen=True, slots=True)
class Compared:
    """A step of time, read twice.

    Attributes:
        start: Unix seconds.
        earlier_negative: Documents that were negative at first.
        score: The sum of the new scores, in thousandths.
        changed: Whose sentiment is another.
    """

    start: int
    documents: int
    earlier_negative: int
    negative: int
    earlier_positive: int
    positive: int
    score: int
    changed: int


def add(session: Session, row: Reanalysis) -> Reanalysis:
    """Ask for one."""
    session.add(row)
    session.flush()
    return row


def get(session: Session, stream: str, reanalysis_id: str) -> Reanalysis:
    """One of a stream, as it is now.

    Raises:
        NotFound: There is none.
    """
    its = col(Reanalysis.id) == reanalysis_id, col(Reanalysis.stream) == stream
    found = session.exec(select(Reanalysis).where(*its).execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotFound(f"No re-analysis {reanalysis_id!r} of the stream {stream!r}.", param="reanalysis_id")
    return found


def page(session: Session, stream: str, *, after: str | None = None, limit: int = 20) -> Page[Reanalysis]:
    """Those of a stream, newest first."""
    its = col(Reanalysis.stream) == stream
    return read_page(session, Reanalysis, its, keys=("created_at", "id"), after=after, limit=limit, order="desc")


def open_ones(session: Session, stream: str) -> int:
    """How many of a stream are under way."""
    its = col(Reanalysis.stream) == stream, col(Reanalysis.status).in_(_OPEN)
    return session.scalar(select(func.count()).where(*its)) or 0


def claim(session: Session, now: float, until: float) -> Reanalysis | None:
    """Take the oldest one that waits, or whose worker died; nobody else takes it before ``until``."""
    due = col(Reanalysis.status).in_(_OPEN), col(Reanalysis.lease_until) <= now
    for row in session.exec(select(Reanalysis).where(*due).order_by(col(Reanalysis.created_at)).limit(3)):
        mine = update(Reanalysis).where(col(Reanalysis.id) == row.id, *due)
        if session.exec(mine.values(status="running", lease_until=until)).rowcount == 1:
            return row
    return None


def next_documents(session: Session, row: Reanalysis, limit: int) -> list[Document]:
    """The documents behind its cursor, oldest first."""
    place = tuple_(col(Document.published_at), col(Document.id))
    span = [
        col(Document.stream) == row.stream,
        col(Document.published_at) >= row.since,
        col(Document.published_at) < row.until,
    ]
    if row.cursor:
        span.append(place > tuple_(*row.cursor))
    ordered = select(Document).where(*span).order_by(col(Document.published_at), col(Document.id))
    return list(session.exec(ordered.limit(limit)))


def advance(session: Session, row: Reanalysis, found: Sequence[Rereading], until: float) -> bool:
    """Keep what was read, and how far it is; ``False`` if it was cancelled meanwhile. Again changes nothing."""
    new = insert_new(session, found, returning="document_id")
    last = max(found, key=lambda one: (one.published_at, one.document_id))
    running = col(Reanalysis.id) == row.id, col(Reanalysis.status) == "running"
    changed = {
        "documents": col(Reanalysis.documents) + len(new),
        "cursor": [last.published_at, last.document_id],
        "lease_until": until,
    }
    return session.exec(update(Reanalysis).where(*running).values(**changed)).rowcount == 1


def give_back(session: Session, reanalysis_id: str, due_at: float) -> None:
    """Let another go on with it from then on."""
    running = col(Reanalysis.id) == reanalysis_id, col(Reanalysis.status) == "running"
    session.exec(update(Reanalysis).where(*running).values(lease_until=due_at))


def finish(session: Session, reanalysis_id: str, status: str, now: float, problem: str | None = None) -> bool:
    """End one that is under way; ``False`` if it has ended."""
    under_way = col(Reanalysis.id) == reanalysis_id, col(Reanalysis.status).in_(_OPEN)
    ended = {"status": status, "finished_at": now, "problem": problem}
    return session.exec(update(Reanalysis).where(*under_way).values(**ended)).rowcount == 1


def compared(session: Session, reanalysis_id: str, step: int) -> list[Compared]:
    """Both readings by steps of event time, oldest first."""
    seconds: Any = literal_column(str(int(step)))  # a parameter would make two expressions of one for PostgreSQL
    start: Any = func.floor(col(Rereading.published_at) / seconds) * seconds

    def counted(column: Any, label: str) -> Any:
        return func.sum(case((column == label, 1), else_=0))

    columns: list[Any] = [
        start,
        func.count(),
        counted(col(Rereading.earlier), "negative"),
        counted(col(Rereading.sentiment), "negative"),
        counted(col(Rereading.earlier), "positive"),
        counted(col(Rereading.sentiment), "positive"),
        func.sum(col(Rereading.score)),
        func.sum(case((col(Rereading.earlier).is_distinct_from(col(Rereading.sentiment)), 1), else_=0)),
    ]
    its = grouped(*columns).where(col(Rereading.reanalysis) == reanalysis_id).group_by(start).order_by(start)
    return [Compared(*map(int, row)) for row in session.execute(its)]


def readings(
    session: Session, reanalysis_id: str, *, changed_only: bool, after: str | None = None, limit: int = 20
) -> list[Rereading]:
    """What was read, oldest first; ``after``: the id of the last document of the page before."""
    its = [col(Rereading.reanalysis) == reanalysis_id]
    if changed_only:
        its.append(col(Rereading.earlier).is_distinct_from(col(Rereading.sentiment)))
    if after is not None:
        last = session.get(Rereading, (reanalysis_id, after))
        if last is None:
            raise NotFound(f"No document {after!r} in this re-analysis.", param="after")
        place = tuple_(col(Rereading.published_at), col(Rereading.document_id))
        its.append(place > tuple_(last.published_at, last.document_id))
    ordered = select(Rereading).where(*its).order_by(col(Rereading.published_at), col(Rereading.document_id))
    return list(session.exec(ordered.limit(limit)))


def remove(session: Session, stream: str, reanalysis_id: str) -> None:
    """Forget one with what it read.

    Raises:
        NotFound: There is none.
    """
    get(session, stream, reanalysis_id)
    session.exec(delete(Rereading).where(col(Rereading.reanalysis) == reanalysis_id))
    session.exec(delete(Reanalysis).where(col(Reanalysis.id) == reanalysis_id))


def remove_all(session: Session, stream: str) -> None:
    """Forget all of a stream."""
    ids = select(Reanalysis.id).where(col(Reanalysis.stream) == stream)
    session.exec(delete(Rereading).where(col(Rereading.reanalysis).in_(ids)))
    session.exec(delete(Reanalysis).where(col(Reanalysis.stream) == stream))
