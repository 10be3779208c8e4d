"""Vector stores, and the files in them as their owners see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, update
from sqlalchemy import delete as delete_from
from sqlmodel import Session, col, select

from shared.contracts.knowledge.passages import Attribute, FileState
from shared.errors import InvalidInput, NotFound
from shared.storage.database.paging import Order, Page, read_page
from shared.storage.tables.vector_stores import Chunk, ChunkVectors, DocumentBatch, StoredDocument, VectorStore

DAY = 86_400.0
#: Seconds between two notes of a store's last use: a search must not cost a write.
_ACTIVITY = 60.0

Counts = dict[FileState, int]


def add(session: Session, store: VectorStore) -> VectorStore:
    """Store a new one."""
    session.add(store)
    session.flush()
    return store


def get(session: Session, store_id: str) -> VectorStore:
    """The store.

    Raises:
        NotFound: There is no such store.
    """
    store = session.get(VectorStore, store_id)
    if store is None:
        raise NotFound(f"No vector store {store_id!r}.", param="vector_store_id")
    return store


def refuse_expired(store: VectorStore, now: float) -> None:
    """Raise ``InvalidInput`` if nobody used the store for as long as its owner said."""
    days = store.expires_after_days
    if days is not None and store.last_active_at + days * DAY <= now:
        raise InvalidInput(f"The vector store {store.id!r} has expired; make another one.", param="vector_store_id")


def page(session: Session, *, after: str | None, before: str | None, limit: int, order: Order) -> Page[VectorStore]:
    """Stores, by the time at which they were made."""
    return read_page(
        session, VectorStore, keys=("created_at", "id"), after=after, before=before, limit=limit, order=order
    )


def change(session: Session, store_id: str, values: dict[str, Any]) -> VectorStore:
    """Set some columns.

    Raises:
        NotFound: There is no such store.
    """
    if values:
        session.exec(update(VectorStore).where(col(VectorStore.id) == store_id).values(**values))
    session.expire_all()
    return get(session, store_id)


def touch(session: Session, store_id: str, now: float) -> None:
    """Note that it is in use; within a minute of the last note nothing happens."""
    stale = col(VectorStore.last_active_at) < now - _ACTIVITY
    session.exec(update(VectorStore).where(col(VectorStore.id) == store_id, stale).values(last_active_at=now))


def changed(session: Session, store_id: str) -> None:
    """What can be found in it is no longer the same."""
    session.exec(
        update(VectorStore).where(col(VectorStore.id) == store_id).values(revision=col(VectorStore.revision) + 1)
    )


def delete(session: Session, store_id: str) -> None:
    """Forget a store and all that was read of its files.

    Raises:
        NotFound: There is no such store.
    """
    get(session, store_id)
    _empty(session, store_id)
    session.exec(delete_from(VectorStore).where(col(VectorStore.id) == store_id))


def empty_expired(session: Session, now: float, limit: int = 10) -> list[str]:
    """Forget the files of stores that nobody used for as long as their owners said; returns their ids."""
    ended = (
        col(VectorStore.expires_after_days).is_not(None),
        col(VectorStore.last_active_at) + col(VectorStore.expires_after_days) * DAY <= now,
        col(VectorStore.id).in_(select(StoredDocument.vector_store_id)),
    )
    expired = list(session.exec(select(VectorStore.id).where(*ended).limit(limit)))
    for store_id in expired:
        _empty(session, store_id)
    return expired


def _empty(session: Session, store_id: str) -> None:
    for table in (ChunkVectors, Chunk, StoredDocument, DocumentBatch):
        session.exec(delete_from(table).where(col(table.vector_store_id) == store_id))


def totals(session: Session, store_ids: Sequence[str]) -> dict[str, tuple[Counts, int]]:
    """How many files of each state the stores have, and the bytes of all of them."""
    found: dict[str, tuple[Counts, int]] = {store_id: ({}, 0) for store_id in store_ids}
    store, status = col(StoredDocument.vector_store_id), col(StoredDocument.status)
    each = select(store, status, func.count(), func.sum(col(StoredDocument.usage_bytes))).group_by(store, status)
    for store_id, state, files, size in session.exec(each.where(store.in_(store_ids))):
        counts, total = found[store_id]
        found[store_id] = ({**counts, state: files}, total + int(size or 0))
    return found


def files_of(session: Session, store_id: str) -> int:
    """How many files it has, of any state."""
    return session.exec(
        select(func.count()).select_from(StoredDocument).where(col(StoredDocument.vector_store_id) == store_id)
    ).one()


def file(session: Session, store_id: str, file_id: str) -> StoredDocument:
    """A file of a store.

    Raises:
        NotFound: It has no such file.
    """
    found = session.get(StoredDocument, (store_id, file_id))
    if found is None:
        raise NotFound(f"No file {file_id!r} in vector store {store_id!r}.", param="file_id")
    return found


def page_of_files(
    session: Session,
    store_id: str,
    *,
    batch_id: str | None = None,
    status: FileState | None = None,
    after: str | None,
    before: str | None,
    limit: int,
    order: Order,
) -> Page[StoredDocument]:
    """Files of a store, or of a batch, by the time at which they were added."""
    mine = col(StoredDocument.vector_store_id) == store_id
    where: list[ColumnElement[bool]] = [mine]
    if batch_id is not None:
        where.append(col(StoredDocument.batch_id) == batch_id)
    if status is not None:
        where.append(col(StoredDocument.status) == status)
    return read_page(
        session,
        StoredDocument,
        *where,
        keys=("created_at", "file_id"),
        after=after,
        before=before,
        limit=limit,
        order=order,
        named="file_id",
        within=(mine,),
    )


def put_file(session: Session, document: StoredDocument) -> StoredDocument:
    """Add a file; one that is there and cut in the same way keeps what was read of it."""
    present = session.get(StoredDocument, (document.vector_store_id, document.file_id))
    if present is None:
        session.add(document)
        session.flush()
        return document
    mine = _mine(document.vector_store_id, document.file_id)
    new: dict[str, Any] = {"attributes": document.attributes, "batch_id": document.batch_id or present.batch_id}
    if present.chunking != document.chunking or present.status in ("failed", "cancelled"):
        new |= {
            "chunking": document.chunking,
            "status": "in_progress",
            "last_error": None,
            "chunks": None,
            "embedder": None,
            "lease_token": None,
            "lease_expires_at": None,
            "attempt": 0,
        }
    session.exec(update(StoredDocument).where(*mine).values(**new))
    changed(session, document.vector_store_id)
    session.expire_all()
    return file(session, document.vector_store_id, document.file_id)


def set_attributes(session: Session, store_id: str, file_id: str, attributes: dict[str, Attribute]) -> StoredDocument:
    """Mark a file.

    Raises:
        NotFound: The store has no such file.
    """
    session.exec(update(StoredDocument).where(*_mine(store_id, file_id)).values(attributes=attributes))
    changed(session, store_id)
    session.expire_all()
    return file(session, store_id, file_id)


def remove_file(session: Session, store_id: str, file_id: str) -> None:
    """Take a file out of a store.

    Raises:
        NotFound: It has no such file.
    """
    file(session, store_id, file_id)
    for table in (ChunkVectors, Chunk, StoredDocument):
        session.exec(delete_from(table).where(col(table.vector_store_id) == store_id, col(table.file_id) == file_id))
    changed(session, store_id)


def add_batch(session: Session, batch: DocumentBatch) -> DocumentBatch:
    """Store a new batch."""
    session.add(batch)
    session.flush()
    return batch


def batch(session: Session, store_id: str, batch_id: str) -> tuple[DocumentBatch, Counts]:
    """A batch, and how many of its files are in each state.

    Raises:
        NotFound: The store has no such batch.
    """
    found = session.get(DocumentBatch, batch_id)
    if found is None or found.vector_store_id != store_id:
        raise NotFound(f"No file batch {batch_id!r} in vector store {store_id!r}.", param="batch_id")
    mine = (col(StoredDocument.vector_store_id) == store_id, col(StoredDocument.batch_id) == batch_id)
    status = col(StoredDocument.status)
    counted = session.exec(select(status, func.count()).where(*mine).group_by(status))
    return found, dict(counted.all())


def cancel_batch(session: Session, store_id: str, batch_id: str) -> tuple[DocumentBatch, Counts]:
    """Stop reading what of a batch is not read yet.

    Raises:
        NotFound: The store has no such batch.
    """
    batch(session, store_id, batch_id)
    waiting = (
        col(StoredDocument.vector_store_id) == store_id,
        col(StoredDocument.batch_id) == batch_id,
        col(StoredDocument.status) == "in_progress",
    )
    session.exec(update(StoredDocument).where(*waiting).values(status="cancelled", lease_token=None))
    session.exec(update(DocumentBatch).where(col(DocumentBatch.id) == batch_id).values(cancelled=True))
    session.expire_all()
    return batch(session, store_id, batch_id)


def _mine(store_id: str, file_id: str) -> tuple[ColumnElement[bool], ...]:
    return col(StoredDocument.vector_store_id) == store_id, col(StoredDocument.file_id) == file_id
