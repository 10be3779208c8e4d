"""Keeps documents that were read, and counts those that are new, in one transaction: once however often they are told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.monitoring.reading.reader import DocumentReading
from services.monitoring.reading.sentiment import Felt
from services.monitoring.streams.copies import candidates, roots
from services.monitoring.streams.counted import Counted, minute_of
from services.monitoring.streams.fingerprints import SHARED, bands
from shared.storage.database.engine import Session
from shared.storage.monitoring import documents, trends
from shared.storage.tables.streams import Document, DocumentMention


def record(session: Session, stream: str, readings: Sequence[DocumentReading], received_at: float) -> int:
    """Keep and count; says how many documents were new.

    Every table is written in the order of its keys, so that concurrent calls wait for each other instead of dying in a deadlock.
    """
    by_id = {reading.document.id: reading for reading in reversed(readings)}
    new = documents.store(session, [_row(stream, reading, received_at) for reading in by_id.values()])
    fresh = [by_id[row.id] for row in new]
    voices = _voices(session, stream, fresh)
    documents.mark_copies(session, stream, voices)
    documents.mention(session, [row for reading in fresh for row in _mentions(stream, reading)])
    trends.add(
        session, stream, [one for reading in fresh for one in _buckets(reading, is_copy=reading.document.id in voices)]
    )
    return len(fresh)


def counted(stream: str, readings: Sequence[DocumentReading]) -> list[Counted]:
    """What these readings may have changed; nothing without any."""
    if not readings:
        return []
    scopes = {(entity, one.topic) for one in readings for entity in ("", *(towards.entity for towards in one.entities))}
    published = [one.document.published_at for one in readings]
    return [Counted(stream, frozenset(map(minute_of, published)), frozenset(scopes), max(published))]


def counted_before(session: Session, stream: str, ids: Sequence[str]) -> list[Counted]:
    """The same of documents that were recorded before."""
    if not ids:
        return []
    rows = documents.with_ids(session, stream, ids)
    topics = {row.id: row.topic for row in rows}
    scopes = {("", topic) for topic in topics.values()}
    scopes |= {(one.entity, topics[one.document_id]) for one in documents.mentions_of(session, stream, ids)}
    published = [row.published_at for row in rows]
    return [Counted(stream, frozenset(map(minute_of, published)), frozenset(scopes), max(published))]


def _voices(session: Session, stream: str, fresh: Sequence[DocumentReading]) -> dict[str, str]:
    """Of the new documents that are copies, what they are copies of."""
    fingerprints = {one.document.id: found for one in fresh if (found := bands(one.text))}
    published = {one.document.id: one.document.published_at for one in fresh}
    owners = documents.claim_bands(session, stream, fingerprints, published, documents.COPIES_WITHIN)
    copies = candidates(owners, SHARED)
    if not copies:
        return {}
    before = documents.voices_of(session, stream, sorted(set(copies.values()) - set(fingerprints)))
    return roots(copies, before, sorted(copies, key=lambda one: (published[one], one)))


def _row(stream: str, reading: DocumentReading, received_at: float) -> Document:
    told = reading.document
    return Document(
        stream=stream,
        id=told.id,
        title=told.title,
        text=told.text,
        source=told.source,
        url=told.url,
        author=told.author,
        language=reading.language,
        topic=reading.topic,
        published_at=told.published_at,
        received_at=received_at,
        sentiment=reading.felt.label,
        score=reading.felt.score,
        confidence=reading.felt.confidence,
        model=reading.model,
        parts=[[window.start, window.end, felt.score] for window, felt in reading.parts],
        meta=told.meta,
        remark=told.remark,
    )


def _mentions(stream: str, reading: DocumentReading) -> Iterator[DocumentMention]:
    for towards in reading.entities:
        yield DocumentMention(
            stream=stream,
            document_id=reading.document.id,
            entity=towards.entity,
            published_at=reading.document.published_at,
            sentiment=towards.felt.label,
            score=towards.felt.score,
            model=towards.model,
        )


def _buckets(reading: DocumentReading, *, is_copy: bool) -> Iterator[trends.Bucket]:
    def bucket(entity: str, felt: Felt) -> trends.Bucket:
        return trends.reading(
            reading.document.published_at,
            felt.label,
            felt.score,
            is_copy=is_copy,
            entity=entity,
            topic=reading.topic,
            language=reading.language,
            source=reading.document.source,
        )

    yield bucket("", reading.felt)
    for towards in reading.entities:
        yield bucket(towards.entity, towards.felt)
