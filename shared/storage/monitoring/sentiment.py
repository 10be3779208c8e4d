"""What customers feel: each text counted once, in the minute it was written, however late or often it is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, delete, distinct, func, or_
from sqlalchemy import select as grouped
from sqlmodel import Session, col, select

from shared.contracts.chat.understanding import SENTIMENTS, SentimentLabel
from shared.contracts.monitoring.sentiment import Observation
from shared.errors import InvalidInput
from shared.storage.database.statements import insert
from shared.storage.monitoring import trends as trends_of
from shared.storage.monitoring.documents import COPIES_WITHIN, claim_bands
from shared.storage.tables.core import SentimentCount, SentimentObservation

_VOICE = func.coalesce(col(SentimentObservation.voice), col(SentimentObservation.id))
"""What is one in a surge: a text that is passed on under many ids is one."""

#: What a sentiment without a score counts as.
SCORES: dict[SentimentLabel, int] = {"negative": -1000, "neutral": 0, "positive": 1000}

MINUTE = 60
"""Seconds; the finest step of a trend."""


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """How many texts of an intent felt how, from ``start`` (Unix seconds) for one step."""

    start: int
    intent: str
    negative: int
    neutral: int
    positive: int


def observe(session: Session, observations: Sequence[Observation], *, now: float) -> list[Observation]:
    """Store observations and count those that are new.

    Returns:
        The new ones. Rows are written in the order of their keys, so that concurrent calls wait for each other
        instead of dying in a deadlock.
    """
    told = {(item.stream, item.id): item for item in observations}
    if not told:
        return []
    statement = (
        insert(session, SentimentObservation)
        .on_conflict_do_nothing()
        .returning(col(SentimentObservation.stream), col(SentimentObservation.id))
    )
    rows = session.exec(statement, params=[_values(told[key], now) for key in sorted(told)]).all()
    new = [told[stream, text_id] for stream, text_id in rows]
    _count(session, new)
    for stream in sorted({item.stream for item in new}):
        trends_of.add(session, stream, _buckets(session, stream, [item for item in new if item.stream == stream]))
    return new


def _buckets(session: Session, stream: str, observations: Sequence[Observation]) -> Iterator[trends_of.Bucket]:
    """The same counts as those of documents have; a text that was passed on adds to its reach alone."""
    bands = {item.id: [f"voice:{item.voice}"] for item in observations if item.voice}
    published = {item.id: item.occurred_at for item in observations}
    owners = claim_bands(session, stream, bands, published, COPIES_WITHIN)
    for item in observations:
        is_copy = item.id in owners and item.id not in owners[item.id].values()
        yield trends_of.reading(
            item.occurred_at, item.sentiment, SCORES[item.sentiment], is_copy=is_copy, topic=item.intent
        )


def _values(item: Observation, now: float) -> dict[str, object]:
    return item.model_dump() | {"voice": item.voice or None, "told_at": now}


def _count(session: Session, observations: Sequence[Observation]) -> None:
    counts = Counter((item.stream, _minute(item.occurred_at), item.intent, item.sentiment) for item in observations)
    if not counts:
        return
    rows = [
        {"stream": stream, "minute": minute, "intent": intent}
        | {label: counts[stream, minute, intent, label] for label in SENTIMENTS}
        for stream, minute, intent in sorted({key[:3] for key in counts})
    ]
    statement = insert(session, SentimentCount)
    added = {label: col(getattr(SentimentCount, label)) + statement.excluded[label] for label in SENTIMENTS}
    upsert = statement.on_conflict_do_update(index_elements=["stream", "minute", "intent"], set_=added)
    session.exec(upsert.returning(col(SentimentCount.minute)), params=rows)


def _minute(occurred_at: float) -> int:
    return int(occurred_at // MINUTE) * MINUTE


def trends(
    session: Session,
    *,
    since: float,
    until: float,
    step_seconds: int,
    stream: str | None = None,
    intent: str | None = None,
) -> list[TrendPoint]:
    """Counts by step and intent, oldest first; steps without a text are left out.

    Args:
        session: The open transaction.
        since: Unix seconds; the minute it falls in is the first counted.
        until: Unix seconds; minutes that begin then or later are not counted.
        step_seconds: A multiple of 60; steps begin at multiples of it.
        stream: Only this stream; ``None`` adds all up.
        intent: Only this intent.

    Raises:
        InvalidInput: The step is no multiple of 60.
    """
    if step_seconds < MINUTE or step_seconds % MINUTE:
        raise InvalidInput(f"A step of {step_seconds} s is not a multiple of {MINUTE} s.", param="step")
    minute = col(SentimentCount.minute)
    start = (minute - minute % step_seconds).label("start")
    where = [minute >= _minute(since), minute < until]
    if stream is not None:
        where.append(col(SentimentCount.stream) == stream)
    if intent is not None:
        where.append(col(SentimentCount.intent) == intent)
    statement = grouped(
        start,
        col(SentimentCount.intent),
        func.sum(col(SentimentCount.negative)),
        func.sum(col(SentimentCount.neutral)),
        func.sum(col(SentimentCount.positive)),
    )
    by_name = ("start", "intent")  # PostgreSQL does not see that an expression with parameters is the one selected
    rows = session.connection().execute(statement.where(*where).group_by(*by_name).order_by(*by_name))
    return [TrendPoint(*row) for row in rows]


def window(session: Session, stream: str, since: float, until: float) -> tuple[int, int]:
    """``(negative, total)`` voices of a stream heard in ``[since, until)``, exact to the second; a text passed on is one voice."""
    voices = func.count(distinct(_VOICE))
    negative = func.count(distinct(case((col(SentimentObservation.sentiment) == "negative", _VOICE))))
    row = session.exec(select(negative, voices).where(*_within(stream, since, until))).one()
    return row[0], row[1]


def evidence(session: Session, stream: str, since: float, until: float, limit: int) -> list[str]:
    """Ids of the negative texts of a stream written in ``[since, until)``, newest first; of a text passed on, one."""
    first, newest = func.min(SentimentObservation.id), func.max(SentimentObservation.occurred_at)
    statement = (
        select(first)
        .where(*_within(stream, since, until), col(SentimentObservation.sentiment) == "negative")
        .group_by(_VOICE)
        .order_by(newest.desc(), first)
    )
    return list(session.exec(statement.limit(limit)))


def _within(stream: str, since: float, until: float) -> tuple[ColumnElement[bool], ...]:
    occurred_at = col(SentimentObservation.occurred_at)
    return col(SentimentObservation.stream) == stream, occurred_at >= since, occurred_at < until


def prune(session: Session, before: float) -> int:
    """Delete the observations of texts both written and told before; their counts stay. Returns how many went.

    A text of long ago stays for a while after it was told, since it may be told again.
    """
    written_before = col(SentimentObservation.occurred_at) < before
    told_at = col(SentimentObservation.told_at)
    return session.exec(
        delete(SentimentObservation).where(written_before, or_(told_at.is_(None), told_at < before))
    ).rowcount
