"""Uploaded and produced files; their bytes are in the artifact store."""

from __future__ import annotations

from sqlalchemy import delete as delete_from
from sqlmodel import Session, col, select

from shared.errors import NotFound
from shared.storage.database.paging import Order, Page, read_page
from shared.storage.tables.core import File


def add(session: Session, file: File) -> File:
    """Store the row of a file whose bytes are stored already."""
    session.add(file)
    session.flush()
    return file


def get(session: Session, file_id: str) -> File:
    """The file.

    Raises:
        NotFound: There is no such file.
    """
    file = session.get(File, file_id)
    if file is None:
        raise _missing(file_id)
    return file


def page(
    session: Session, *, after: str | None = None, limit: int = 100, order: Order = "desc", purpose: str | None = None
) -> Page[File]:
    """Files, newest first unless told otherwise."""
    where = () if purpose is None else (col(File.purpose) == purpose,)
    return read_page(session, File, *where, keys=("created_at", "id"), after=after, limit=limit, order=order)


def expired(session: Session, now: float, limit: int) -> list[str]:
    """Ids of files whose time is over, those that ended first coming first."""
    ended = select(File.id).where(col(File.expires_at) <= now).order_by(col(File.expires_at))
    return list(session.exec(ended.limit(limit)))


def delete(session: Session, file_id: str) -> None:
    """Forget a file; the caller deletes its bytes after the commit.

    Raises:
        NotFound: There is no such file.
    """
    if session.exec(delete_from(File).where(col(File.id) == file_id)).rowcount == 0:
        raise _missing(file_id)


def _missing(file_id: str) -> NotFound:
    return NotFound(f"No file {file_id!r}.", param="file_id")
