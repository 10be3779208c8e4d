"""Completions that were asked to be kept; see ``tables``."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field

from shared.storage.tables.core import Row


class StoredCompletion(Row, table=True):
    """An answer with its question, kept since the caller asked for it. Writer: gateway."""

    __tablename__ = "stored_completions"
    __table_args__ = (Index(None, "key_id", "created_at", "id"), Index(None, "conversation_id"))

    id: str = Field(primary_key=True)
    key_id: str
    created_at: float
    model: str
    messages: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    """What was asked."""
    completion: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """What was answered, as the caller got it."""
    user_metadata: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    conversation_id: str | None = None
    """Whose words these are, if a bot answered: they go with the conversation."""
