"""The tables of the knowledge base; see ``tables`` for what holds for all."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, LargeBinary, String
from sqlmodel import Field

from shared.contracts.knowledge.passages import Attribute, Chunking, FileState
from shared.storage.database.columns import JsonValue
from shared.storage.tables.core import Row


class VectorStore(Row, table=True):
    """A collection of documents that can be searched. Writers: gateway; generation (revision, last use, expiry)."""

    __tablename__ = "vector_stores"
    __table_args__ = (Index(None, "created_at", "id"),)

    id: str = Field(primary_key=True)
    created_at: float
    name: str
    description: str | None = None
    user_metadata: dict[str, str] = Field(
        default_factory=dict, sa_column=Column(JSON(none_as_null=True), nullable=False)
    )
    expires_after_days: int | None = None
    last_active_at: float
    embedding_model: str | None = None
    """The deployment or the id that its vectors come from; ``None``: ``embedding`` if that is in production, else ``nlu``."""
    revision: int = 0
    """Grows with every change of what can be found."""
    key_id: str


class StoredDocument(Row, table=True):
    """A file in a vector store, and how far its reading is; this row is the truth about it. Writers: gateway, generation."""

    __tablename__ = "vector_store_files"
    __table_args__ = (
        Index(None, "vector_store_id", "created_at", "file_id"),
        Index(None, "batch_id"),
        Index(None, "status"),
    )

    vector_store_id: str = Field(foreign_key="vector_stores.id", primary_key=True)
    file_id: str = Field(primary_key=True)
    """It may be deleted from the files; what was read stays."""
    created_at: float
    filename: str
    status: FileState = Field(default="in_progress", sa_column=Column(String, nullable=False))
    last_error: dict[str, str] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True), nullable=True))
    """``code``, ``message``."""
    usage_bytes: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    attributes: dict[str, Attribute] = Field(
        default_factory=dict, sa_column=Column(JSON(none_as_null=True), nullable=False)
    )
    chunking: Chunking = Field(default_factory=Chunking, sa_column=Column(JsonValue(Chunking), nullable=False))
    batch_id: str | None = None
    chunks: int | None = None
    """How many there are; ``None`` until it is cut."""
    embedder: str | None = None
    """The id of the model whose vectors serve; ``None``: it is found by its words alone."""
    lease_token: str | None = None
    lease_expires_at: float | None = None
    attempt: int = 0
    """How often a worker has begun with what is to be done now."""


class DocumentBatch(Row, table=True):
    """Files that were added to a vector store together. Writer: gateway."""

    __tablename__ = "vector_store_batches"

    id: str = Field(primary_key=True)
    vector_store_id: str = Field(foreign_key="vector_stores.id", index=True)
    created_at: float
    cancelled: bool = False


class Chunk(Row, table=True):
    """A piece of a document. Writer: generation."""

    __tablename__ = "vector_store_chunks"

    vector_store_id: str = Field(primary_key=True)
    file_id: str = Field(primary_key=True)
    position: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    start: int
    """Where it begins in the text of the file, in characters."""
    text: str


class ChunkVectors(Row, table=True):
    """The vectors of some chunks in a row, of one model. Writer: generation."""

    __tablename__ = "vector_store_vectors"

    vector_store_id: str = Field(primary_key=True)
    file_id: str = Field(primary_key=True)
    embedder: str = Field(primary_key=True)
    first: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    """Position of the first chunk."""
    count: int
    vectors: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """Little-endian float16, [count, d], of length 1."""
