"""Who did what; see ``tables``."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import JSON, Column, Index, String
from sqlmodel import Field

from shared.storage.tables.core import Row

AuditAction = Literal["promoted", "read", "answered", "changed", "exported", "deleted", "reviewed", "failed"]


class AuditEntry(Row, table=True):
    """An act of somebody with a key. Entries are never changed: the database refuses it. Writer: gateway."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index(None, "at", "id"), Index(None, "actor"), Index(None, "object_id"))

    id: str = Field(primary_key=True)
    at: float
    actor: str
    """The id of the key."""
    action: AuditAction = Field(sa_column=Column(String, nullable=False))
    object: str
    """The kind of thing: ``model``, ``conversation``, …"""
    object_id: str | None = None
    request: str
    """Method and route."""
    request_id: str
    detail: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """No words of customers."""
