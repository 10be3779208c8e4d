"""What is read of the files in vector stores: who reads them, their chunks, and the vectors of these.

A worker claims a file with a lease, and whatever it writes shows the token of the lease: one that was believed dead and comes back
changes nothing. What was written before it died stays, and the next one goes on from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, or_, update
from sqlalchemy import delete as delete_from
from sqlmodel import Session, col, select

from shared.errors import Conflict
from shared.storage.database.statements import insert_rows
from shared.storage.knowledge import vector_stores
from shared.storage.tables.vector_stores import Chunk, ChunkVectors, StoredDocument, VectorStore


@dataclass(frozen=True, slots=True)
class Claim:
    """A file that a worker has taken, and the model that its vectors are to come from."""

    document: StoredDocument
    token: str
    target: str | None


def embedding_models(session: Session) -> list[str | None]:
    """What stores name as the source of their vectors; ``None`` stands for the platform's choice."""
    return list(session.exec(select(VectorStore.embedding_model).distinct()))


def claim(
    session: Session, *, model: str | None, target: str | None, token: str, now: float, seconds: float
) -> Claim | None:
    """Take the oldest file that has to be read, or whose vectors are of another model than ``target``.

    Args:
        session: The open transaction.
        model: Of which stores: those that name this source of vectors.
        target: The id of the model that this source is now; ``None``: there is none, and nothing is made anew.
        token: The secret of the worker.
        now: Unix seconds.
        seconds: That the lease lasts.
    """
    named = col(VectorStore.embedding_model)
    stores = select(VectorStore.id).where(named.is_(None) if model is None else named == model)
    due = [col(StoredDocument.status) == "in_progress"]
    if target is not None:
        outdated = or_(col(StoredDocument.embedder).is_(None), col(StoredDocument.embedder) != target)
        due.append(and_(col(StoredDocument.status) == "completed", outdated))
    expires = col(StoredDocument.lease_expires_at)
    oldest = (
        select(StoredDocument)
        .where(col(StoredDocument.vector_store_id).in_(stores), or_(*due), or_(expires.is_(None), expires < now))
        .order_by(col(StoredDocument.status).desc(), col(StoredDocument.created_at))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    found = session.exec(oldest).one_or_none()
    if found is None:
        return None
    session.exec(
        update(StoredDocument)
        .where(*_file(found.vector_store_id, found.file_id))
        .values(lease_token=token, lease_expires_at=now + seconds, attempt=found.attempt + 1)
    )
    session.expire(found)
    return Claim(vector_stores.file(session, found.vector_store_id, found.file_id), token, target)


def renew(session: Session, held: Claim, until: float) -> None:
    """Keep the lease.

    Raises:
        Conflict: It is another worker's by now, or the file is gone or cancelled.
    """
    _write(session, held, lease_expires_at=until)


def put_chunks(session: Session, held: Claim, chunks: Sequence[tuple[int, str]], until: float) -> None:
    """Store the chunks of a file, each with its start, instead of those it had. Raises as ``renew`` does."""
    _write(session, held, chunks=len(chunks), lease_expires_at=until)
    store_id, file_id = held.document.vector_store_id, held.document.file_id
    for table in (ChunkVectors, Chunk):
        session.exec(delete_from(table).where(col(table.vector_store_id) == store_id, col(table.file_id) == file_id))
    insert_rows(
        session,
        [
            Chunk(vector_store_id=store_id, file_id=file_id, position=position, start=start, text=text)
            for position, (start, text) in enumerate(chunks)
        ],
    )


def put_vectors(session: Session, held: Claim, first: int, count: int, vectors: bytes, until: float) -> None:
    """Store the vectors of some chunks by the claim's model. Raises as ``renew`` does."""
    _write(session, held, lease_expires_at=until)
    session.add(
        ChunkVectors(
            vector_store_id=held.document.vector_store_id,
            file_id=held.document.file_id,
            embedder=held.target or "",
            first=first,
            count=count,
            vectors=vectors,
        )
    )
    session.flush()


def vectors_made(session: Session, held: Claim) -> int:
    """How many chunks have vectors of the claim's model; they are the first ones."""
    mine = (*_vectors(held.document), col(ChunkVectors.embedder) == (held.target or ""))
    return int(session.exec(select(func.sum(ChunkVectors.count)).where(*mine)).one() or 0)


def complete(session: Session, held: Claim) -> None:
    """All is there: from now on the vectors of the claim's model serve, and those of others go. Raises as ``renew`` does."""
    document = held.document
    session.exec(
        delete_from(ChunkVectors).where(*_vectors(document), col(ChunkVectors.embedder) != (held.target or ""))
    )
    _write(
        session,
        held,
        status="completed",
        embedder=held.target,
        last_error=None,
        usage_bytes=_size(session, document),
        attempt=0,
        lease_token=None,
        lease_expires_at=None,
    )
    vector_stores.changed(session, document.vector_store_id)


def fail(session: Session, held: Claim, code: str, message: str) -> None:
    """It cannot be read. Raises as ``renew`` does."""
    _write(
        session,
        held,
        status="failed",
        last_error={"code": code, "message": message},
        lease_token=None,
        lease_expires_at=None,
    )
    vector_stores.changed(session, held.document.vector_store_id)


def postpone(session: Session, held: Claim, until: float) -> None:
    """Something that is needed is away: let anybody try again then, without counting this attempt. Raises as ``renew`` does."""
    _write(session, held, lease_token=None, lease_expires_at=until, attempt=max(held.document.attempt - 1, 0))


def chunks_in(session: Session, store_id: str) -> int:
    """Chunks of all files of a store."""
    mine = col(StoredDocument.vector_store_id) == store_id
    return int(session.exec(select(func.sum(StoredDocument.chunks)).where(mine)).one() or 0)


def served(session: Session, store_id: str) -> list[StoredDocument]:
    """The files of a store that can be found."""
    mine = (col(StoredDocument.vector_store_id) == store_id, col(StoredDocument.status) == "completed")
    return list(session.exec(select(StoredDocument).where(*mine).order_by(col(StoredDocument.file_id))))


def chunks(
    session: Session, store_id: str, file_id: str, *, positions: Sequence[int] | None = None, first: int = 0
) -> list[Chunk]:
    """The chunks of a file in their order, from ``first`` on; those at some ``positions`` alone if these are given."""
    mine = [col(Chunk.vector_store_id) == store_id, col(Chunk.file_id) == file_id, col(Chunk.position) >= first]
    if positions is not None:
        mine.append(col(Chunk.position).in_(positions))
    return list(session.exec(select(Chunk).where(*mine).order_by(col(Chunk.position))))


def vectors(session: Session, document: StoredDocument) -> list[ChunkVectors]:
    """The vectors of a file that serve, in the order of its chunks."""
    mine = (*_vectors(document), col(ChunkVectors.embedder) == (document.embedder or ""))
    return list(session.exec(select(ChunkVectors).where(*mine).order_by(col(ChunkVectors.first))))


def _size(session: Session, document: StoredDocument) -> int:
    mine = (col(Chunk.vector_store_id) == document.vector_store_id, col(Chunk.file_id) == document.file_id)
    words = session.exec(select(func.sum(func.length(Chunk.text))).where(*mine)).one()
    numbers = session.exec(select(func.sum(func.length(ChunkVectors.vectors))).where(*_vectors(document))).one()
    return int(words or 0) + int(numbers or 0)


def _write(session: Session, held: Claim, **values: object) -> None:
    document = held.document
    mine = (*_file(document.vector_store_id, document.file_id), col(StoredDocument.lease_token) == held.token)
    if not session.exec(update(StoredDocument).where(*mine).values(**values)).rowcount:
        raise Conflict(f"{document.file_id} is no longer read by this process")


def _file(store_id: str, file_id: str) -> tuple[ColumnElement[bool], ...]:
    return col(StoredDocument.vector_store_id) == store_id, col(StoredDocument.file_id) == file_id


def _vectors(document: StoredDocument) -> tuple[ColumnElement[bool], ...]:
    return (
        col(ChunkVectors.vector_store_id) == document.vector_store_id,
        col(ChunkVectors.file_id) == document.file_id,
    )
