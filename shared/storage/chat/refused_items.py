"""The dead letters of sources: items that are no documents. The last of each source are kept."""

from __future__ import annotations

from sqlalchemy import delete
from sqlmodel import Session, col, select

from shared.storage.database.identity import new_id
from shared.storage.database.paging import Page, read_page
from shared.storage.tables.platform import RefusedItem

#: Items of a source.
KEPT = 100


def add(session: Session, *, stream: str, source: str, place: str, reason: str, item: str, now: float) -> None:
    """Keep one."""
    row = RefusedItem(
        id=new_id("refused_"), stream=stream, source=source, created_at=now, place=place, reason=reason, item=item
    )
    session.add(row)
    session.flush()


def page(session: Session, stream: str, source: str, *, after: str | None = None, limit: int = 20) -> Page[RefusedItem]:
    """Those of a source, newest first."""
    where = col(RefusedItem.stream) == stream, col(RefusedItem.source) == source
    return read_page(session, RefusedItem, *where, keys=("created_at", "id"), after=after, limit=limit, order="desc")


def prune(session: Session, stream: str, source: str) -> None:
    """Forget all but the last."""
    its = col(RefusedItem.stream) == stream, col(RefusedItem.source) == source
    newest = col(RefusedItem.created_at).desc(), col(RefusedItem.id).desc()
    kept = session.exec(select(RefusedItem.id).where(*its).order_by(*newest).limit(KEPT)).all()
    session.exec(delete(RefusedItem).where(*its, col(RefusedItem.id).not_in(kept)))


def expire(session: Session, stream: str, before: float) -> None:
    """Forget those of a stream that came before."""
    session.exec(delete(RefusedItem).where(col(RefusedItem.stream) == stream, col(RefusedItem.created_at) < before))
