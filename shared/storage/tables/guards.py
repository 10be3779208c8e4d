"""What guards saw, for people to look at; see ``tables``."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import JSON, Column, Index, String
from sqlmodel import Field

from shared.storage.tables.core import Row

GuardVerdict = Literal["right", "false_alarm", "approved", "rejected"]
"""The first two of what a guard saw, the others of a request that two people have to agree to."""


class GuardReview(Row, table=True):
    """Something that a guard saw in a turn, and what a person says of it. Writer: gateway."""

    __tablename__ = "guard_reviews"
    __table_args__ = (Index(None, "conversation_id"), Index(None, "created_at", "id"))

    id: str = Field(primary_key=True)
    """Of the turn, and the number of what was seen in it."""
    created_at: float
    turn_id: str = Field(foreign_key="turns.id")
    conversation_id: str
    guard: str
    rule: str
    side: str
    blocked: bool
    withheld: str
    """The sentence of a model that was not said; of a request, what is said once it is approved."""
    slots: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """What a customer asked for, by slot."""
    votes: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """What people said of a request, oldest first: ``verdict``, ``author``, ``key_id``, ``comment``, ``at``."""
    verdict: GuardVerdict | None = Field(default=None, sa_column=Column(String, nullable=True))
    decided_at: float | None = None
    author: str | None = None
    key_id: str | None = None
    """Of whoever decided."""
