"""Stored rows of streams in the shapes of the API."""

from __future__ import annotations

from collections.abc import Iterable

from services.gateway.streams.schemas import (
    DocumentObject,
    Measured,
    RefusedObject,
    SourceObject,
    StreamObject,
    TextPart,
    Towards,
    TrendPoint,
)
from shared.storage.monitoring.trends import DIMENSIONS, Bucket
from shared.storage.tables.platform import RefusedItem
from shared.storage.tables.streams import Document, DocumentMention, Stream, StreamSource

_THOUSAND = 1000


def stream_object(
    stream: Stream, newest: float | None, documents: int, problems: Iterable[str], sources: Iterable[StreamSource]
) -> StreamObject:
    """A stream and how far it is."""
    return StreamObject(
        id=stream.id,
        created_at=int(stream.created_at),
        updated_at=int(stream.updated_at),
        spec=stream.spec,
        newest=None if newest is None else int(newest),
        documents=documents,
        problems=list(problems),
        sources=list(map(_source, sources)),
    )


def _source(row: StreamSource) -> SourceObject:
    return SourceObject(
        name=row.name,
        type=row.setting["type"],
        state=row.state,
        problem=row.problem,
        failures=row.failures,
        fetched_at=None if row.fetched_at is None else int(row.fetched_at),
        next_at=int(row.due_at),
        documents=row.documents,
        refused=row.refused,
    )


def refused_object(row: RefusedItem) -> RefusedObject:
    """An item of a source that is no document."""
    return RefusedObject(id=row.id, created_at=int(row.created_at), place=row.place, reason=row.reason, item=row.item)


def measured(bucket: Bucket) -> Measured:
    """Counts."""
    return Measured(
        texts=bucket.texts,
        negative=bucket.negative,
        neutral=bucket.neutral,
        positive=bucket.positive,
        mean=round(bucket.mean, 4),
        reach=bucket.reach,
    )


def point_object(bucket: Bucket, group: Iterable[str]) -> TrendPoint:
    """A step; of its dimensions those that are grouped by."""
    kept = set(group)
    names = {name: getattr(bucket, name) for name in DIMENSIONS if name in kept}
    return TrendPoint(start=bucket.start, **names, **measured(bucket).model_dump())


def document_object(document: Document, mentions: Iterable[DocumentMention]) -> DocumentObject:
    """A document with whom it names."""
    return DocumentObject(
        id=document.id,
        stream=document.stream,
        title=document.title,
        text=document.text,
        source=document.source,
        url=document.url,
        author=document.author,
        language=document.language,
        topic=document.topic,
        published_at=document.published_at,
        received_at=document.received_at,
        sentiment=document.sentiment,
        score=document.score / _THOUSAND,
        confidence=document.confidence / _THOUSAND,
        model=document.model,
        entities=[
            Towards(entity=one.entity, sentiment=one.sentiment, score=one.score / _THOUSAND, model=one.model)
            for one in mentions
        ],
        parts=[TextPart(start=start, end=end, score=score / _THOUSAND) for start, end, score in document.parts],
        copy_of=document.voice,
        meta=document.meta,
        remark=document.remark,
    )
