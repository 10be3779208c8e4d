"""A stream's counts over time, as a reply."""

from __future__ import annotations

from dataclasses import asdict

from services.gateway.sentiment.schemas import TrendObject, Trends
from shared.storage.database.engine import Database
from shared.storage.monitoring import sentiment

#: Steps of one reply.
MAX_POINTS = 10_000


def read_trends(
    database: Database, *, stream: str, since: float, until: float, step: int, intent: str | None = None
) -> Trends:
    """Counts by step and intent, from the minute of ``since`` (Unix seconds) on."""
    with database.reading() as session:
        points = sentiment.trends(session, stream=stream, intent=intent, since=since, until=until, step_seconds=step)
    return Trends(
        stream=stream,
        since=int(since),
        until=int(until),
        step=step,
        data=[TrendObject(**asdict(point)) for point in points],
    )
