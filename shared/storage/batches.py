"""Batches: ``validating -> in_progress -> finalizing -> completed | expired | cancelled``, or ``failed``.

A gateway process works at a batch under a lease, for a while, then gives it back; whoever waits longest comes next. Results are
stored part by part, and the row says which requests are in them: what a process did since then is done again by the next one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from shared.contracts.webhooks import WebhookEventType
from shared.errors import NotFound
from shared.storage import webhooks
from shared.storage.database.leases import Leases
from shared.storage.database.paging import Page, read_page
from shared.storage.tables.batches import FINAL_BATCH_STATUSES, Batch, BatchStatus

_EVENTS: Mapping[BatchStatus, WebhookEventType] = {
    "completed": "batch.completed",
    "failed": "batch.failed",
    "expired": "batch.expired",
    "cancelled": "batch.cancelled",
}


LEASES: Leases[Batch] = Leases(Batch, FINAL_BATCH_STATUSES)


def add(session: Session, batch: Batch) -> Batch:
    """Store a new batch.

    Raises:
        AlreadyExists: The key has used this idempotency key before (when the transaction ends).
    """
    session.add(batch)
    session.flush()
    return batch


def get(session: Session, batch_id: str) -> Batch:
    """The batch.

    Raises:
        NotFound: There is no such batch.
    """
    batch = session.get(Batch, batch_id)
    if batch is None:
        raise NotFound(f"No batch {batch_id!r}.", param="batch_id")
    return batch


def page(session: Session, *, after: str | None = None, limit: int = 20) -> Page[Batch]:
    """Batches, newest first."""
    return read_page(session, Batch, keys=("created_at", "id"), after=after, limit=limit, order="desc")


def by_idempotency_key(session: Session, key_id: str, idempotency_key: str) -> Batch | None:
    """The batch that this API key has made with this idempotency key."""
    mine = (col(Batch.key_id) == key_id, col(Batch.idempotency_key) == idempotency_key)
    return session.exec(select(Batch).where(*mine)).one_or_none()


def unfinished(session: Session) -> int:
    """How many have not ended."""
    open_ones = col(Batch.status).not_in(FINAL_BATCH_STATUSES)
    return session.exec(select(func.count()).select_from(Batch).where(open_ones)).one()


def change(session: Session, batch: Batch, token: str, **values: Any) -> Batch | None:
    """Set some columns under the lease; the batch as it is then, or ``None`` if the lease is lost.

    A status is only set if the batch has the one that ``batch`` has: who asked for its end meanwhile is heard.
    """
    statement = LEASES.held(batch.id, token)
    if "status" in values:
        statement = statement.where(col(Batch.status) == batch.status)
    changed = session.scalars(
        statement.values(**values).returning(Batch).execution_options(populate_existing=True)
    ).one_or_none()
    if changed is not None or "status" not in values:
        return changed
    return session.exec(
        select(Batch)
        .where(col(Batch.id) == batch.id, col(Batch.lease_token) == token)
        .execution_options(populate_existing=True)
    ).one_or_none()


def finish(session: Session, batch_id: str, token: str, status: BatchStatus, now: float, **values: Any) -> bool:
    """End a batch and have it told; ``False`` if the lease is lost, and nothing was changed."""
    ending = {"status": status, f"{status}_at": now, "lease_token": None, "lease_expires_at": None, **values}
    if session.exec(LEASES.held(batch_id, token).values(ending)).rowcount != 1:
        return False
    webhooks.emit(session, _EVENTS[status], {"id": batch_id}, now)
    return True


def request_cancel(session: Session, batch_id: str, now: float) -> Batch:
    """Ask for the end of a batch: whoever works at it stops soon. One that is ending already stays as it is.

    Raises:
        NotFound: There is no such batch.
    """
    stoppable: Sequence[BatchStatus] = ("validating", "in_progress")
    session.exec(
        update(Batch)
        .where(col(Batch.id) == batch_id, col(Batch.status).in_(stoppable))
        .values(status="cancelling", cancelling_at=now)
    )
    session.expire_all()
    return get(session, batch_id)
