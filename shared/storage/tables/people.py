"""Customers, and what colleagues keep about conversations; see ``tables``."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import JSON, Column, Index, String
from sqlmodel import Field

from shared.storage.tables.core import Row

#: Values that are remembered of one customer.
MOST_SLOTS = 100

ProposalState = Literal["proposed", "accepted", "dismissed"]


class Customer(Row, table=True):
    """What is known of a customer who consented to it. Writer: gateway."""

    __tablename__ = "customers"
    __table_args__ = (Index(None, "created_at", "id"), Index(None, "seen_at"))

    id: str = Field(primary_key=True)
    """As whoever chats for them calls them."""
    key_id: str
    """The key that told of them first."""
    created_at: float
    updated_at: float
    seen_at: float
    """When they last said something, or were told of."""
    consent_at: float | None = None
    """When they consented to being remembered; ``None``: they have not, and the fields below are empty."""
    name: str | None = None
    language: str | None = None
    segment: str | None = None
    attributes: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    slots: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """Values that later conversations begin with, by slot."""
    merged_into: str | None = None
    """The customer that this one turned out to be."""


class ConversationNote(Row, table=True):
    """What a colleague writes down about a conversation; customers never see it. Writer: gateway."""

    __tablename__ = "conversation_notes"
    __table_args__ = (Index(None, "conversation_id", "created_at", "id"),)

    id: str = Field(primary_key=True)
    conversation_id: str = Field(foreign_key="conversations.id")
    created_at: float
    author: str
    text: str


class KnowledgeProposal(Row, table=True):
    """What a colleague answered where the bot could not: perhaps a knowledge pair. Writer: gateway."""

    __tablename__ = "knowledge_proposals"
    __table_args__ = (Index(None, "created_at", "id"), Index(None, "conversation_id"))

    id: str = Field(primary_key=True)
    conversation_id: str = Field(foreign_key="conversations.id")
    created_at: float
    question: str
    """The customer's words, with surrogates for personal numbers."""
    answer: str
    """The colleague's, likewise."""
    author: str
    state: ProposalState = Field(default="proposed", sa_column=Column(String, nullable=False))


class LoopRule(Row, table=True):
    """When the model in production is trained again on what people corrected. Writer: gateway."""

    __tablename__ = "loop_rules"

    slot: str = Field(primary_key=True)
    updated_at: float
    rule: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    key_id: str


class LoopRound(Row, table=True):
    """One time around the loop, from corrections to a model. Writer: gateway."""

    __tablename__ = "loop_rounds"
    __table_args__ = (Index(None, "created_at", "id"), Index(None, "slot", "created_at"))

    id: str = Field(primary_key=True)
    slot: str
    created_at: float
    finished_at: float | None = None
    state: str
    reason: str
    """Why it began."""
    outcome: str | None = None
    """How it ended, in a sentence."""
    labelled_until: float
    """Corrections up to then are in it (Unix seconds)."""
    corrections: int
    disagreements: int
    base_file: str | None = None
    """The rows that the model before it was trained on."""
    corrections_file: str
    training_file: str
    test_file: str | None = None
    job_id: str | None = None
    model_id: str | None = None
    before_model: str | None = None
    """The model that was in production when it began."""
