"""Documents of streams: each kept once, with who is named in it, and which others it is a copy of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, func, tuple_, update
from sqlalchemy import select as grouped
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from shared.contracts.chat.understanding import SentimentLabel
from shared.errors import NotFound
from shared.storage.database.statements import insert_new, write_rows
from shared.storage.tables.streams import Document, DocumentMention, TextBand

_HANDED_ON = (
    "ON CONFLICT (stream, band) DO UPDATE SET"
    " document_id = CASE WHEN abs(excluded.published_at - text_bands.published_at) > {within}"
    " THEN excluded.document_id ELSE text_bands.document_id END,"
    " published_at = CASE WHEN abs(excluded.published_at - text_bands.published_at) > {within}"
    " THEN excluded.published_at ELSE text_bands.published_at END"
    " RETURNING band, document_id"
)

COPIES_WITHIN = 3 * 86_400
"""Seconds between two texts after which they are no copies: a headline of last month is said anew."""

#: Ids that one statement asks about.
_ASKED = 500


@dataclass(frozen=True, slots=True)
class Behind:
    """Which documents: those behind a point of a trend.

    Attributes:
        since: Unix seconds.
        until: Unix seconds, exclusive.
        entity: Who is named; empty: anybody or nobody. The sentiment is then the one towards them.
        voices_only: Without copies.
    """

    since: float
    until: float
    entity: str = ""
    topic: str | None = None
    language: str | None = None
    source: str | None = None
    sentiment: SentimentLabel | None = None
    voices_only: bool = True


def known(session: Session, stream: str, ids: Sequence[str]) -> set[str]:
    """Which of the ids the stream has already."""
    found: set[str] = set()
    for start in range(0, len(ids), _ASKED):
        asked = col(Document.id).in_(ids[start : start + _ASKED])
        found |= set(session.exec(select(Document.id).where(col(Document.stream) == stream, asked)))
    return found


def store(session: Session, documents: Iterable[Document]) -> list[Document]:
    """Keep documents of one stream; returns those that were not there before.

    Rows are written in the order of their keys, as everything here, so that concurrent calls wait for each other.
    """
    by_id: dict[str, Document] = {}
    for document in documents:
        by_id.setdefault(document.id, document)
    rows = [by_id[key] for key in sorted(by_id)]
    return [by_id[document_id] for document_id in insert_new(session, rows, returning="id")]


def mention(session: Session, mentions: Iterable[DocumentMention]) -> None:
    """Note who is named in documents that were just kept."""
    rows = sorted(mentions, key=lambda one: (one.document_id, one.entity))
    insert_new(session, rows, returning="entity")


def claim_bands(
    session: Session, stream: str, bands: Mapping[str, Sequence[str]], published: Mapping[str, float], within: float
) -> dict[str, dict[str, str]]:
    """Who has each band of some documents: the first of them, or a document before.

    Args:
        session: The open transaction.
        stream: Its name.
        bands: By document.
        published: When each was published, in Unix seconds.
        within: Seconds between two documents after which they are no copies; a band is then handed on.

    Returns:
        By document, the owner of each band.
    """
    first: dict[str, str] = {}
    for document_id in sorted(bands, key=lambda one: (published[one], one)):
        for band in bands[document_id]:
            first.setdefault(band, document_id)
    if not first:
        return {}
    rows = [
        {"stream": stream, "band": band, "document_id": first[band], "published_at": published[first[band]]}
        for band in sorted(first)
    ]
    # Written even where nothing changes: the row is then ours until the commit, and nobody claims it meanwhile.
    written = write_rows(session, TextBand, rows, _HANDED_ON.format(within=int(within)))
    owned: dict[str, str] = {row.band: row.document_id for row in written}
    return {document_id: {band: owned[band] for band in mine} for document_id, mine in bands.items()}


def voices_of(session: Session, stream: str, ids: Sequence[str]) -> dict[str, str]:
    """Of documents that are copies, what they are copies of."""
    asked = col(Document.id).in_(ids)
    statement = grouped(col(Document.id), col(Document.voice)).where(
        col(Document.stream) == stream, asked, col(Document.voice).is_not(None)
    )
    return {copy: voice for copy, voice in session.connection().execute(statement) if voice is not None}


def mark_copies(session: Session, stream: str, voices: Mapping[str, str]) -> None:
    """Note of documents what they are copies of."""
    for document_id in sorted(voices):
        where = col(Document.stream) == stream, col(Document.id) == document_id
        session.exec(update(Document).where(*where).values(voice=voices[document_id]))


def with_ids(session: Session, stream: str, ids: Sequence[str]) -> list[Document]:
    """The documents with these ids, of those that are there."""
    return list(session.exec(select(Document).where(col(Document.stream) == stream, col(Document.id).in_(ids))))


def get(session: Session, stream: str, document_id: str) -> Document:
    """One document.

    Raises:
        NotFound: The stream has none of this id.
    """
    found = session.get(Document, (stream, document_id))
    if found is None:
        raise NotFound(f"No document {document_id!r} on the stream {stream!r}.", param="document_id")
    return found


def behind(session: Session, stream: str, which: Behind, *, limit: int, after: str | None = None) -> list[Document]:
    """Documents, newest first; ``after``: the id of the last one of the page before.

    Raises:
        NotFound: There is no document ``after``.
    """
    statement = select(Document).where(*_where(stream, which))
    if which.entity:
        statement = statement.join(DocumentMention, _named(which))
    place = tuple_(col(Document.published_at), col(Document.id))
    if after is not None:
        last = get(session, stream, after)
        statement = statement.where(place < tuple_(last.published_at, last.id))
    ordered = statement.order_by(col(Document.published_at).desc(), col(Document.id).desc())
    return list(session.exec(ordered.limit(limit)))


def texts(session: Session, stream: str, which: Behind, *, limit: int) -> list[str]:
    """Title and text of the newest documents, as they are read."""
    return [
        f"{one.title}\n{one.text}" if one.title else one.text for one in behind(session, stream, which, limit=limit)
    ]


def mentions_of(session: Session, stream: str, ids: Sequence[str]) -> list[DocumentMention]:
    """Who is named in documents."""
    where = col(DocumentMention.stream) == stream, col(DocumentMention.document_id).in_(ids)
    order = col(DocumentMention.document_id), col(DocumentMention.entity)
    return list(session.exec(select(DocumentMention).where(*where).order_by(*order)))


def named_together(
    session: Session, stream: str, *, since: float, until: float, entity: str | None = None, limit: int = 50
) -> list[tuple[str, str, int]]:
    """Pairs that are named in one document, copies included, and in how many; the most frequent first."""
    one, other = aliased(DocumentMention), aliased(DocumentMention)
    first, second = col(one.entity), col(other.entity)
    together = func.count().label("together")
    same = (col(one.stream) == col(other.stream)) & (col(one.document_id) == col(other.document_id))
    order = first < second if entity is None else first != second
    where = [col(one.stream) == stream, col(one.published_at) >= since, col(one.published_at) < until]
    if entity is not None:
        where.append(first == entity)
    statement = grouped(first, second, together).join(other, same & order).where(*where).group_by(first, second)
    rows = session.connection().execute(statement.order_by(together.desc(), first, second).limit(limit))
    return [(name, beside, int(count)) for name, beside, count in rows]


def prune(session: Session, stream: str, before: float) -> int:
    """Delete documents published before; their counts stay. Says how many went."""
    session.exec(
        delete(DocumentMention).where(col(DocumentMention.stream) == stream, col(DocumentMention.published_at) < before)
    )
    return session.exec(
        delete(Document).where(col(Document.stream) == stream, col(Document.published_at) < before)
    ).rowcount


def prune_bands(session: Session, before: float) -> None:
    """Forget the parts of texts published before; a text like them is then a new voice."""
    session.exec(delete(TextBand).where(col(TextBand.published_at) < before))


def _where(stream: str, which: Behind) -> list[ColumnElement[bool]]:
    published_at = col(Document.published_at)
    where: list[ColumnElement[bool]] = [
        col(Document.stream) == stream,
        published_at >= which.since,
        published_at < which.until,
    ]
    chosen: dict[str, Any] = {"topic": which.topic, "language": which.language, "source": which.source}
    where += [col(getattr(Document, name)) == value for name, value in chosen.items() if value is not None]
    if which.sentiment is not None and not which.entity:
        where.append(col(Document.sentiment) == which.sentiment)
    if which.voices_only:
        where.append(col(Document.voice).is_(None))
    return where


def _named(which: Behind) -> ColumnElement[bool]:
    on = (
        (col(DocumentMention.stream) == col(Document.stream))
        & (col(DocumentMention.document_id) == col(Document.id))
        & (col(DocumentMention.entity) == which.entity)
    )
    return on & (col(DocumentMention.sentiment) == which.sentiment) if which.sentiment is not None else on
