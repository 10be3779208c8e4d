"""How the platform itself is doing: its processes, what went wrong, and what its models are asked; see ``tables`` for what holds for all."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, LargeBinary
from sqlmodel import Field

from shared.storage.tables.core import Row


class Process(Row, table=True):
    """A process of a service that is there, or was until lately. Writers: every service, each its own row."""

    __tablename__ = "processes"
    __table_args__ = (Index(None, "seen_at"),)

    id: str = Field(primary_key=True)
    service: str
    version: str
    """Of Parley."""
    started_at: float
    seen_at: float
    """When it last said that it is there."""
    problems: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON(none_as_null=True), nullable=False))
    """What it lacks, each in a sentence."""
    facts: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON(none_as_null=True), nullable=False))
    """What else it says of itself, such as the model that it serves."""


class Trouble(Row, table=True):
    """Something that went wrong with the platform for a time, or that happened once. Writers: every service."""

    __tablename__ = "troubles"
    __table_args__ = (Index(None, "until"),)

    kind: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    """Of what: a stream, a service; empty: of the whole."""
    since: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    until: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    """Empty: it goes on."""
    count: int = Field(default=1, sa_column=Column(BigInteger, nullable=False))
    """How often, or of how many."""
    detail: str = ""


class InputWindow(Row, table=True):
    """What a model in production was asked in some minutes, summed up by the process that read it. Writer: monitoring.

    A process tells the whole of its window again and again: the row is replaced, so that a repeated message counts nothing twice.
    """

    __tablename__ = "input_windows"
    __table_args__ = (Index(None, "start"),)

    deployment: str = Field(primary_key=True)
    model: str = Field(primary_key=True)
    start: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    """Unix seconds."""
    process: str = Field(primary_key=True)
    texts: int
    out_of_scope: int
    """Texts that the model declined."""
    confidences: list[int] = Field(default_factory=list, sa_column=Column(JSON(none_as_null=True), nullable=False))
    """Texts by confidence, in ten equal steps from 0 to 1."""
    embedding: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    """The sum of their unit vectors, float32; empty: the model makes none."""


class Reanalysis(Row, table=True):
    """A span of a stream read again with another model. Writers: gateway (what is asked), monitoring (how far it is)."""

    __tablename__ = "reanalyses"
    __table_args__ = (Index(None, "stream", "created_at", "id"), Index(None, "status"))

    id: str = Field(primary_key=True)
    stream: str
    created_at: float
    model: str
    """The model that reads, by its id."""
    entity_model: str | None = None
    since: float
    until: float
    status: str
    """``queued``, ``running``, ``succeeded``, ``failed``, ``cancelled``."""
    documents: int = 0
    """Read so far."""
    cursor: list[Any] = Field(default_factory=list, sa_column=Column(JSON(none_as_null=True), nullable=False))
    """``[published_at, id]`` of the last one that was read."""
    lease_until: float = 0.0
    finished_at: float | None = None
    problem: str | None = None
    key_id: str


class Rereading(Row, table=True):
    """What a re-analysis read of a document, beside what stands with the document itself. Writer: monitoring."""

    __tablename__ = "rereadings"
    __table_args__ = (Index(None, "reanalysis", "published_at"),)

    reanalysis: str = Field(primary_key=True)
    document_id: str = Field(primary_key=True)
    published_at: float
    earlier: str | None = None
    """The sentiment that stood with the document."""
    sentiment: str | None = None
    score: int
    confidence: int
    entities: list[Any] = Field(default_factory=list, sa_column=Column(JSON(none_as_null=True), nullable=False))
    """``[name, sentiment, score]`` of each."""


class RefusedItem(Row, table=True):
    """An item of a source that is no document: what it was, and why. Writer: monitoring."""

    __tablename__ = "refused_items"
    __table_args__ = (Index(None, "stream", "source", "created_at", "id"),)

    id: str = Field(primary_key=True)
    stream: str
    source: str
    created_at: float
    place: str
    """File and line, or whatever finds it again."""
    reason: str
    item: str
    """Its beginning, without personal numbers."""
