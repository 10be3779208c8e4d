"""What people think of answers; see ``tables``."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import JSON, Column, Index, String
from sqlmodel import Field

from shared.storage.tables.core import Row

FeedbackSource = Literal["customer", "agent", "reviewer"]


class Feedback(Row, table=True):
    """What somebody thinks of a turn, and how it should have been read. Writer: gateway."""

    __tablename__ = "feedback"
    __table_args__ = (
        Index(None, "turn_id"),
        Index(None, "created_at", "id"),
        Index("uq_feedback_idempotency_key", "key_id", "idempotency_key", unique=True),
    )

    id: str = Field(primary_key=True)
    created_at: float
    turn_id: str = Field(foreign_key="turns.id")
    conversation_id: str
    source: FeedbackSource = Field(sa_column=Column(String, nullable=False))
    rating: int | None = None
    """From 1 to 5."""
    correct: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True), nullable=True))
    """Any of ``intent``, ``entities`` and ``sentiment``, as rows have them."""
    comment: str | None = None
    author: str | None = None
    """Who said so, as they are called."""
    key_id: str
    idempotency_key: str | None = None
