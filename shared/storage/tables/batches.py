"""Batches; see ``tables``."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import JSON, BigInteger, Column, Index, String, UniqueConstraint
from sqlmodel import Field

from shared.storage.tables.core import Row

BatchStatus = Literal[
    "validating", "failed", "in_progress", "finalizing", "completed", "expired", "cancelling", "cancelled"
]
FINAL_BATCH_STATUSES: frozenset[BatchStatus] = frozenset(("failed", "completed", "expired", "cancelled"))


class Batch(Row, table=True):
    """Requests from a file, and how far they are; this row is the truth about it. Writer: gateway."""

    __tablename__ = "batches"
    __table_args__ = (
        Index(None, "created_at", "id"),
        Index(None, "status"),
        UniqueConstraint("key_id", "idempotency_key"),
    )

    id: str = Field(primary_key=True)
    key_id: str
    """In whose name the requests are made."""
    idempotency_key: str | None = None
    endpoint: str
    input_file_id: str
    completion_window: str
    user_metadata: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    output_lifetime: int | None = None
    """Seconds after which its files are deleted."""
    status: BatchStatus = Field(default="validating", sa_column=Column(String, nullable=False))
    created_at: float
    expires_at: float
    in_progress_at: float | None = None
    finalizing_at: float | None = None
    completed_at: float | None = None
    failed_at: float | None = None
    expired_at: float | None = None
    cancelling_at: float | None = None
    cancelled_at: float | None = None
    total: int = 0
    completed: int = 0
    failed: int = 0
    errors: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """What is wrong with the file: ``code``, ``message``, ``line``, ``param``."""
    input_tokens: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    output_tokens: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    output_file_id: str | None = None
    error_file_id: str | None = None
    parts: int = 0
    """Parts of the results that are stored."""
    next_row: int = 0
    """Requests that are done: results of all before it are in the parts."""
    next_byte: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    """Where the next request begins in the file."""
    worked_at: float
    """When somebody worked at it last; who waits longest comes next."""
    lease_token: str | None = None
    lease_expires_at: float | None = None
