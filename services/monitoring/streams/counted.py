"""What of a stream has just been counted, for whoever judges it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from shared.contracts.monitoring.sentiment import Observation

_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Counted:
    """Counts that may have changed.

    Attributes:
        stream: Whose.
        starts: Unix seconds of the minutes.
        scopes: ``(entity, topic)`` of the rows; the empty entity is among them.
        newest: Event time of the newest text, in Unix seconds.
    """

    stream: str
    starts: frozenset[int]
    scopes: frozenset[tuple[str, str]]
    newest: float


Watcher = Callable[[Sequence[Counted]], None]
"""Told after the commit, for repeated texts too: a process may have died between the two."""


def of_observations(observations: Iterable[Observation]) -> list[Counted]:
    """What observations have changed, by stream."""
    by_stream: dict[str, list[Observation]] = {}
    for item in observations:
        by_stream.setdefault(item.stream, []).append(item)
    return [
        Counted(
            stream=stream,
            starts=frozenset(minute_of(item.occurred_at) for item in items),
            scopes=frozenset(("", item.intent) for item in items),
            newest=max(item.occurred_at for item in items),
        )
        for stream, items in sorted(by_stream.items())
    ]


def minute_of(at: float) -> int:
    """The beginning of the minute that a moment falls in."""
    return int(at // _MINUTE) * _MINUTE
