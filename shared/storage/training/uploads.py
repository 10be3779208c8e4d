"""Uploads in parts: ``pending -> completed | cancelled | expired``."""

from __future__ import annotations

from sqlalchemy import delete as delete_from
from sqlalchemy import func, update
from sqlmodel import Session, col, select

from shared.errors import InvalidInput, NotFound
from shared.storage.tables.uploads import PartedUpload, UploadPart, UploadStatus


def add(session: Session, upload: PartedUpload) -> PartedUpload:
    """Store a new upload."""
    session.add(upload)
    session.flush()
    return upload


def get(session: Session, upload_id: str, key_id: str) -> PartedUpload:
    """The upload of a key.

    Raises:
        NotFound: This key has begun no such upload.
    """
    upload = session.get(PartedUpload, upload_id)
    if upload is None or upload.key_id != key_id:
        raise NotFound(f"No upload {upload_id!r}.", param="upload_id")
    return upload


def parts(session: Session, upload_id: str) -> dict[str, UploadPart]:
    """Its parts by id."""
    found = session.exec(select(UploadPart).where(col(UploadPart.upload_id) == upload_id))
    return {part.id: part for part in found}


def add_part(session: Session, part: UploadPart) -> UploadPart:
    """List a part whose bytes are stored; the upload is held until the transaction ends, so that its sum is right.

    Raises:
        InvalidInput: The upload is over, or its parts are more than was announced.
    """
    held = select(PartedUpload).where(col(PartedUpload.id) == part.upload_id, col(PartedUpload.status) == "pending")
    upload = session.exec(held.with_for_update()).one_or_none()
    if upload is None:
        raise InvalidInput("This upload takes no more parts; begin another one.", param="upload_id", code="upload_over")
    there = session.exec(select(func.sum(UploadPart.bytes)).where(col(UploadPart.upload_id) == upload.id)).one() or 0
    if there + part.bytes > upload.bytes:
        raise InvalidInput(
            f"The upload was announced with {upload.bytes} bytes; with this part there are {there + part.bytes}.",
            param="data",
        )
    session.add(part)
    session.flush()
    return part


def finish(session: Session, upload_id: str, status: UploadStatus, file_id: str | None = None) -> bool:
    """End an upload; ``False`` if it has ended before. Its parts are forgotten; the caller deletes their bytes."""
    ended = session.exec(
        update(PartedUpload)
        .where(col(PartedUpload.id) == upload_id, col(PartedUpload.status) == "pending")
        .values(status=status, file_id=file_id)
    )
    if ended.rowcount != 1:
        return False
    session.exec(delete_from(UploadPart).where(col(UploadPart.upload_id) == upload_id))
    session.expire_all()
    return True


def expired(session: Session, now: float, limit: int) -> list[str]:
    """Ids of uploads whose time is over."""
    late = (col(PartedUpload.status) == "pending", col(PartedUpload.expires_at) <= now)
    return list(session.exec(select(PartedUpload.id).where(*late).limit(limit)))
