"""Stored rows in the shapes of the API."""

from __future__ import annotations

from services.gateway.vector_stores.schemas import (
    ChunkingReply,
    ExpiresAfter,
    FileBatchObject,
    FileCounts,
    LastError,
    SearchResult,
    SearchResults,
    StaticReply,
    Status,
    TextContent,
    VectorStoreFileObject,
    VectorStoreObject,
)
from shared.contracts.knowledge.passages import Passage, PassagesFound
from shared.storage.knowledge.vector_stores import DAY, Counts
from shared.storage.tables.vector_stores import DocumentBatch, StoredDocument, VectorStore


def store_object(store: VectorStore, counts: Counts, usage: int, now: float) -> VectorStoreObject:
    """A store with what is known of its files."""
    days = store.expires_after_days
    expires_at = None if days is None else int(store.last_active_at + days * DAY)
    expired = expires_at is not None and expires_at <= now
    return VectorStoreObject(
        id=store.id,
        created_at=int(store.created_at),
        name=store.name,
        description=store.description,
        status="expired" if expired else "in_progress" if counts.get("in_progress") else "completed",
        usage_bytes=usage,
        file_counts=_counts(counts),
        last_active_at=int(store.last_active_at),
        expires_after=None if days is None else ExpiresAfter(anchor="last_active_at", days=days),
        expires_at=expires_at,
        metadata=store.user_metadata,
        embedding_model=store.embedding_model,
    )


def file_object(document: StoredDocument) -> VectorStoreFileObject:
    """A file of a store."""
    chunking = document.chunking
    sizes = StaticReply(max_chunk_size_tokens=chunking.max_tokens, chunk_overlap_tokens=chunking.overlap)
    return VectorStoreFileObject(
        id=document.file_id,
        created_at=int(document.created_at),
        vector_store_id=document.vector_store_id,
        status=document.status,
        last_error=LastError.model_validate(document.last_error) if document.last_error else None,
        usage_bytes=document.usage_bytes,
        attributes=document.attributes,
        chunking_strategy=ChunkingReply(static=sizes),
        filename=document.filename,
        chunks=document.chunks,
        embedding_model=document.embedder,
    )


def batch_object(batch: DocumentBatch, counts: Counts) -> FileBatchObject:
    """A batch."""
    told = _counts(counts)
    status: Status = "completed"
    if batch.cancelled:
        status = "cancelled"
    elif told.in_progress:
        status = "in_progress"
    elif told.total and told.failed == told.total:
        status = "failed"
    return FileBatchObject(
        id=batch.id,
        created_at=int(batch.created_at),
        vector_store_id=batch.vector_store_id,
        status=status,
        file_counts=told,
    )


def results_of(queries: tuple[str, ...], found: PassagesFound) -> SearchResults:
    """What a search found."""
    return SearchResults(
        search_query=list(queries),
        data=[_result(passage) for passage in found.passages],
        embedding_models=list(found.embedding_models),
        ranking_model=found.ranking_model,
    )


def _result(passage: Passage) -> SearchResult:
    return SearchResult(
        file_id=passage.file_id,
        filename=passage.filename,
        score=passage.score,
        attributes=passage.attributes,
        content=[TextContent(text=passage.text)],
        parley={"chunk": passage.position, "start": passage.start, "similarity": passage.similarity},
    )


def _counts(counts: Counts) -> FileCounts:
    return FileCounts(
        in_progress=counts.get("in_progress", 0),
        completed=counts.get("completed", 0),
        failed=counts.get("failed", 0),
        cancelled=counts.get("cancelled", 0),
        total=sum(counts.values()),
    )
