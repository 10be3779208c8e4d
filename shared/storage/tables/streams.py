"""The tables of streams, documents and their counts; see ``tables`` for what holds for all."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, String
from sqlmodel import Field

from shared.contracts.chat.understanding import SentimentLabel
from shared.contracts.monitoring.streams import StreamSpec
from shared.storage.database.columns import JsonValue
from shared.storage.tables.core import Row


class Stream(Row, table=True):
    """A stream of documents that somebody has declared. Writer: gateway."""

    __tablename__ = "streams"

    id: str = Field(primary_key=True)
    """Its name."""
    created_at: float
    updated_at: float
    spec: StreamSpec = Field(sa_column=Column(JsonValue(StreamSpec), nullable=False))
    key_id: str
    """Who declared it last."""


class StreamSource(Row, table=True):
    """Where documents of a stream are fetched from, and how that goes. Writers: gateway (the setting), monitoring (the state)."""

    __tablename__ = "stream_sources"
    __table_args__ = (Index(None, "due_at"),)

    stream: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    setting: dict[str, Any] = Field(sa_column=Column(JSON(none_as_null=True), nullable=False))
    """What to fetch, as it was declared."""
    cursor: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON(none_as_null=True), nullable=False))
    """How far it came."""
    state: str
    """``new``, ``fine``, ``failing``."""
    problem: str | None = None
    """Why it fails, in a sentence."""
    failures: int = 0
    """In a row."""
    due_at: float
    """When it is fetched next; set ahead by whoever fetches it, so that others leave it alone."""
    fetched_at: float | None = None
    documents: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    """Passed on."""
    refused: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    """Items that were no documents."""


class Document(Row, table=True):
    """A document that was read and counted; its key makes a repeated one harmless. Writer: monitoring."""

    __tablename__ = "documents"
    __table_args__ = (Index(None, "stream", "published_at", "id"),)

    stream: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    title: str
    text: str
    source: str
    url: str
    author: str
    language: str
    """ISO 639-1 code; empty when it cannot be told."""
    topic: str
    """Empty: none."""
    published_at: float
    received_at: float
    voice: str | None = None
    """The document that this one is a copy of; empty for one that speaks for itself."""
    sentiment: SentimentLabel | None = Field(default=None, sa_column=Column(String, nullable=True))
    """Empty when its model could not tell; it is counted without."""
    score: int
    """-1000 to 1000: whole numbers have sums that do not depend on the order."""
    confidence: int
    """0 to 1000."""
    model: str
    """The model that read it."""
    parts: list[Any] = Field(default_factory=list, sa_column=Column(JSON(none_as_null=True), nullable=False))
    """Of a text of several windows: ``[start, end, score]`` of each."""
    meta: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON(none_as_null=True), nullable=False))
    remark: str = ""
    """What had to be assumed about it."""


class DocumentMention(Row, table=True):
    """Somebody of the watch-list named in a document, with the sentiment towards them. Writer: monitoring."""

    __tablename__ = "document_mentions"
    __table_args__ = (Index(None, "stream", "entity", "published_at"),)

    stream: str = Field(primary_key=True)
    document_id: str = Field(primary_key=True)
    entity: str = Field(primary_key=True)
    published_at: float
    sentiment: SentimentLabel | None = Field(default=None, sa_column=Column(String, nullable=True))
    score: int
    model: str


class TextBand(Row, table=True):
    """A part of the MinHash of a text, and the first document that had it: how copies are found. Writer: monitoring."""

    __tablename__ = "text_bands"
    __table_args__ = (Index(None, "published_at"),)

    stream: str = Field(primary_key=True)
    band: str = Field(primary_key=True)
    document_id: str
    published_at: float


class TrendBucket(Row, table=True):
    """Documents by event time; four lengths, written together, so that they always agree. Writer: monitoring.

    Counts are of voices: a copy adds to ``reach`` alone. Rows with an entity count documents that name it, with the sentiment towards it;
    those without count each document once.
    """

    __tablename__ = "trend_buckets"

    stream: str = Field(primary_key=True)
    level: int = Field(primary_key=True)
    """Seconds."""
    start: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    """Unix seconds, a multiple of ``level``."""
    entity: str = Field(primary_key=True)
    topic: str = Field(primary_key=True)
    language: str = Field(primary_key=True)
    source: str = Field(primary_key=True)
    texts: int = 0
    negative: int = 0
    neutral: int = 0
    positive: int = 0
    score: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    """The sum of their scores, in thousandths."""
    reach: int = 0
    """Texts and copies."""
