"""``GET /v1/sentiment/trends``."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from services.gateway.http.access.auth import TrainCaller
from services.gateway.http.router import resource
from services.gateway.sentiment.schemas import Trends
from services.gateway.sentiment.trends import MAX_POINTS, read_trends
from services.gateway.state import State
from shared.contracts.monitoring.sentiment import CHAT_STREAM
from shared.contracts.monitoring.streams import StreamName
from shared.errors import InvalidInput

router = resource("Sentiment")

HOUR = 3600
UnixSeconds = Annotated[float, Query(ge=0, le=1e11, description="Unix seconds.")]


@router.get("/sentiment/trends")
def trends(
    state: State,
    _caller: TrainCaller,
    stream: Annotated[StreamName, Query()] = CHAT_STREAM,
    intent: Annotated[str | None, Query(max_length=256)] = None,
    since: UnixSeconds | None = None,
    until: UnixSeconds | None = None,
    step: Annotated[int, Query(ge=60, le=86_400 * 31, multiple_of=60, description="Seconds.")] = 60,
) -> Trends:
    """Counts per step and intent, by the time at which the texts were written; the last hour unless told otherwise."""
    end = state.clock() if until is None else until
    begin = end - HOUR if since is None else since
    if begin >= end:
        raise InvalidInput("'since' must be before 'until'.", param="since")
    if (end - begin) / step > MAX_POINTS:
        raise InvalidInput(f"That would be more than {MAX_POINTS} steps; take a larger 'step'.", param="step")
    return read_trends(state.database, stream=stream, intent=intent, since=begin, until=end, step=step)
