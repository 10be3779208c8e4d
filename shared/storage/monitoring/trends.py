"""What was said when, of whom and how: counted by event time, in four lengths that always agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, delete, func, literal, or_
from sqlalchemy import select as grouped
from sqlmodel import Session, col

from shared.contracts.chat.understanding import SENTIMENTS, SentimentLabel
from shared.storage.database.statements import add_up
from shared.storage.tables.streams import TrendBucket

MINUTE = 60
LEVELS = (MINUTE, 300, 3600, 86_400)
"""Seconds; each begins at multiples of itself since the epoch."""

#: Days for which the counts of a level are kept; those of days are kept for ever.
KEPT_DAYS: Mapping[int, int] = {MINUTE: 30, 300: 180, 3600: 1_100}

Dimension = Literal["entity", "topic", "language", "source"]
DIMENSIONS: tuple[Dimension, ...] = ("entity", "topic", "language", "source")
MEASURES = ("texts", "negative", "neutral", "positive", "score", "reach")

_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Bucket:
    """Documents of a step; see ``TrendBucket``.

    Attributes:
        start: Unix seconds.
        entity: Empty: whole documents.
    """

    start: int
    entity: str = ""
    topic: str = ""
    language: str = ""
    source: str = ""
    texts: int = 0
    negative: int = 0
    neutral: int = 0
    positive: int = 0
    score: int = 0
    reach: int = 0

    @property
    def mean(self) -> float:
        """Mean sentiment, -1 to 1; 0 for no texts."""
        return self.score / 1000 / self.texts if self.texts else 0.0


def reading(
    published_at: float,
    sentiment: SentimentLabel | None,
    score: int,
    *,
    is_copy: bool,
    entity: str = "",
    topic: str = "",
    language: str = "",
    source: str = "",
) -> Bucket:
    """What one document adds. A sentiment that could not be told is in no count but that of texts."""
    start = int(published_at // MINUTE) * MINUTE
    if is_copy:
        return Bucket(start, entity, topic, language, source, reach=1)
    felt = {label: int(label == sentiment) for label in SENTIMENTS}
    return Bucket(
        start,
        entity,
        topic,
        language,
        source,
        texts=1,
        negative=felt["negative"],
        neutral=felt["neutral"],
        positive=felt["positive"],
        score=score,
        reach=1,
    )


def add(session: Session, stream: str, counted: Iterable[Bucket]) -> None:
    """Count; each of ``counted`` falls into the step of every level that holds its ``start``, whatever second that is.

    Rows are written in the order of their keys, so that concurrent calls wait for each other instead of dying in a deadlock.
    """
    sums: dict[tuple[int, int, str, str, str, str], list[int]] = defaultdict(lambda: [0] * len(MEASURES))
    for bucket in counted:
        measured = [getattr(bucket, name) for name in MEASURES]
        for level in LEVELS:
            key = (
                level,
                bucket.start - bucket.start % level,
                bucket.entity,
                bucket.topic,
                bucket.language,
                bucket.source,
            )
            sums[key] = [one + other for one, other in zip(sums[key], measured, strict=True)]
    keys = ("stream", "level", "start", *DIMENSIONS)
    rows = [dict(zip((*keys, *MEASURES), (stream, *key, *sums[key]), strict=True)) for key in sorted(sums)]
    add_up(session, TrendBucket, rows, keys=keys, added=MEASURES)


def level_of(step: int) -> int:
    """The longest level that steps of so many seconds are made of."""
    return max(level for level in LEVELS if step % level == 0)


def series(
    session: Session,
    stream: str,
    *,
    since: float,
    until: float,
    step: int = MINUTE,
    entity: str | None = "",
    topic: str | None = None,
    language: str | None = None,
    source: str | None = None,
    group: Sequence[Dimension] = (),
) -> list[Bucket]:
    """Counts by step, oldest first; steps without a text or copy are left out.

    Args:
        session: The open transaction.
        stream: Its name.
        since: Unix seconds; the step it falls in is the first.
        until: Unix seconds; steps that begin then or later are not counted.
        step: Seconds, a multiple of 60; steps begin at multiples of it.
        entity: Whom the counts are of; empty: whole documents; ``None``: everybody, and nothing of whole documents.
        topic: Only this one.
        language: Only this one.
        source: Only this one.
        group: What is kept apart; of the rest the sum is told.
    """
    level = level_of(step)
    start = col(TrendBucket.start)
    begin = (start - start % step).label("begin")
    where = [
        *_of(stream, level, entity=entity, topic=topic, language=language, source=source),
        start >= int(since) - int(since) % step,
        start < until,
    ]
    return _summed(session, begin, where, group, ("begin",))


def scopes(
    session: Session, stream: str, *, since: float, until: float, group: Sequence[Dimension] = ("entity", "topic")
) -> list[Bucket]:
    """The same over the whole time, by scope; whole documents are among them, under the empty entity."""
    level = max((one for one in LEVELS if since % one == 0 and until % one == 0), default=MINUTE)
    start = col(TrendBucket.start)
    where = [
        col(TrendBucket.stream) == stream,
        col(TrendBucket.level) == level,
        start >= int(since) - int(since) % level,
        start < until,
    ]
    return _summed(session, literal(int(since)).label("begin"), where, group, ())


def watermark(session: Session, stream: str) -> float | None:
    """The end of the newest minute that anything was counted in, in Unix seconds; ``None`` for an empty stream."""
    newest = session.scalar(
        grouped(func.max(col(TrendBucket.start))).where(
            col(TrendBucket.stream) == stream, col(TrendBucket.level) == MINUTE
        )
    )
    return None if newest is None else float(newest + MINUTE)


def prune(session: Session, now: float) -> int:
    """Delete counts that are older than their level is kept; says how many rows went."""
    old = [
        and_(col(TrendBucket.level) == level, col(TrendBucket.start) < now - days * _DAY)
        for level, days in KEPT_DAYS.items()
    ]
    return session.exec(delete(TrendBucket).where(or_(*old))).rowcount


def _of(stream: str, level: int, *, entity: str | None, **dimensions: str | None) -> list[ColumnElement[bool]]:
    where = [col(TrendBucket.stream) == stream, col(TrendBucket.level) == level]
    where.append(col(TrendBucket.entity) != "" if entity is None else col(TrendBucket.entity) == entity)
    where += [col(getattr(TrendBucket, name)) == value for name, value in dimensions.items() if value is not None]
    return where


def _summed(
    session: Session,
    begin: ColumnElement[int],
    where: Sequence[ColumnElement[bool]],
    group: Sequence[Dimension],
    by: Sequence[str],
) -> list[Bucket]:
    kept = [name for name in DIMENSIONS if name in group]
    columns = [col(getattr(TrendBucket, name)) for name in kept]
    sums = [func.sum(col(getattr(TrendBucket, name))).label(f"sum_{name}") for name in MEASURES]
    statement = grouped(begin, *columns, *sums).where(*where)
    names = (*by, *kept)  # PostgreSQL does not see that an expression with parameters is the one selected
    if names:
        statement = statement.group_by(*names).order_by(*names)
    found = []
    for row in session.connection().execute(statement):
        told: dict[str, Any] = dict(zip((*kept, *MEASURES), row[1:], strict=True))
        bucket = Bucket(int(row[0]), **told | {name: int(told[name] or 0) for name in MEASURES})
        if bucket.reach:
            found.append(bucket)
    return found
