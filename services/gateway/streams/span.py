"""Which time of a stream is asked about, and in which steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Query

from shared.contracts.monitoring.streams import StreamSpec
from shared.errors import InvalidInput
from shared.storage.database.engine import Session
from shared.storage.monitoring import trends

#: Steps of one answer.
MAX_STEPS = 10_000
_DAY = 86_400
#: Steps that are chosen where none is asked for, and how many of them an answer then has at most.
_STEPS = (60, 300, 900, 3600, 6 * 3600, _DAY, 7 * _DAY)
_ENOUGH = 300

UnixSeconds = Annotated[float, Query(ge=0, le=1e11, description="Unix seconds.")]
Step = Annotated[int, Query(ge=60, le=366 * _DAY, multiple_of=60, description="Seconds.")]


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open span in Unix seconds, and the seconds of a step."""

    since: float
    until: float
    step: int


def span_of(
    session: Session,
    stream: str,
    spec: StreamSpec,
    now: float,
    *,
    since: float | None,
    until: float | None,
    step: int | None,
) -> Span:
    """What was asked for; without it the last day, which ends with the newest text where the stream runs by event time.

    Raises:
        InvalidInput: It ends before it begins, or has too many steps.
    """
    if until is None:
        until = (trends.watermark(session, stream) or now) if spec.clock == "event" else now
    if since is None:
        since = max(until - _DAY, 0.0)
    if since >= until:
        raise InvalidInput("'since' must be before 'until'.", param="since")
    chosen = step or next((one for one in _STEPS if (until - since) / one <= _ENOUGH), _STEPS[-1])
    if (until - since) / chosen > MAX_STEPS:
        raise InvalidInput(f"That would be more than {MAX_STEPS} steps; take a larger 'step'.", param="step")
    return Span(since, until, chosen)
