"""Uploads in parts; see ``tables``."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import BigInteger, Column, Index, String
from sqlmodel import Field

from shared.storage.tables.core import Row

UploadStatus = Literal["pending", "completed", "cancelled", "expired"]


class PartedUpload(Row, table=True):
    """A file that comes in parts. Writer: gateway."""

    __tablename__ = "uploads"
    __table_args__ = (Index(None, "status", "expires_at"),)

    id: str = Field(primary_key=True)
    created_at: float
    expires_at: float
    """Until then it has to be complete."""
    filename: str
    purpose: str
    mime_type: str
    bytes: int = Field(sa_column=Column(BigInteger, nullable=False))
    """Of the whole file, as announced."""
    lifetime: int | None = None
    """Seconds after which the file is deleted."""
    status: UploadStatus = Field(default="pending", sa_column=Column(String, nullable=False))
    file_id: str | None = None
    key_id: str


class UploadPart(Row, table=True):
    """A part; its bytes are in the artifact store. Writer: gateway."""

    __tablename__ = "upload_parts"
    __table_args__ = (Index(None, "upload_id"),)

    id: str = Field(primary_key=True)
    upload_id: str = Field(foreign_key="uploads.id")
    created_at: float
    bytes: int = Field(sa_column=Column(BigInteger, nullable=False))
