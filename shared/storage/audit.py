"""Who did what: entries are added and, once they are old, deleted; never changed."""

from __future__ import annotations

from sqlalchemy import delete
from sqlmodel import Session, col, select

from shared.storage.database.paging import Page, read_page
from shared.storage.tables.audit import AuditAction, AuditEntry

#: Entries of one deletion.
_BATCH = 10_000


def add(session: Session, entry: AuditEntry) -> None:
    """Note an act."""
    session.add(entry)


def page(
    session: Session,
    *,
    actor: str | None,
    action: AuditAction | None,
    kind: str | None,
    object_id: str | None,
    since: float | None,
    until: float | None,
    after: str | None,
    limit: int,
) -> Page[AuditEntry]:
    """Entries, newest first: of one key, action, kind of thing or thing, from ``since`` to before ``until`` (Unix seconds)."""
    wanted = (
        (AuditEntry.actor, actor),
        (AuditEntry.action, action),
        (AuditEntry.object, kind),
        (AuditEntry.object_id, object_id),
    )
    where = [col(column) == value for column, value in wanted if value is not None]
    where += [col(AuditEntry.at) >= since] if since is not None else []
    where += [col(AuditEntry.at) < until] if until is not None else []
    return read_page(session, AuditEntry, *where, keys=("at", "id"), after=after, limit=limit, order="desc")


def expire(session: Session, before: float) -> int:
    """Delete entries from before then, some at a time; returns how many. The database keeps those of the last 30 days."""
    old = select(col(AuditEntry.id)).where(col(AuditEntry.at) < before).limit(_BATCH)
    return session.exec(delete(AuditEntry).where(col(AuditEntry.id).in_(old))).rowcount
