"""How popular items are: counts that fade, each at its own pace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from shared.tasks.recommendation.neighbours import Floats, Ints

_DAY = 86_400.0

HALF_LIVES = (7 * _DAY, 60 * _DAY, 700 * _DAY)
"""Seconds: a week, a season, two years."""

WIDTH = 1 + len(HALF_LIVES)
"""Counts of each item: all of them, and those that fade."""

_RATES = np.log(2) / np.array(HALF_LIVES)


class Popularity:
    """Counts of each item, brought forward in time as events come in.

    Args:
        count: How many items there are.
        at: The time of the counts, in Unix seconds.
        counts: [n, WIDTH] at that time.
    """

    def __init__(self, count: int, at: float = 0.0, counts: NDArray[np.floating] | None = None) -> None:
        self.at = at
        self.counts = np.zeros((count, WIDTH)) if counts is None else np.array(counts, np.float64)

    def add(self, item: int, at: float, weight: float = 1.0) -> None:
        """Count one event; one of the past has faded already."""
        self.forward(at)
        self.counts[item, 0] += weight
        self.counts[item, 1:] += weight * np.exp(-_RATES * max(self.at - at, 0.0))

    def add_all(self, items: Ints, times: NDArray[np.float64], weights: NDArray[np.float64]) -> None:
        """Count many events, in any order."""
        if not len(items):
            return
        self.forward(float(times.max()))
        faded = np.exp(-_RATES[None, :] * (self.at - times)[:, None]) * weights[:, None]
        np.add.at(self.counts, items, np.concatenate([weights[:, None], faded], axis=1))

    def forward(self, at: float) -> None:
        """Let time pass."""
        if at > self.at:
            self.counts[:, 1:] *= np.exp(-_RATES * (at - self.at))
            self.at = at

    def seen(self, rows: Ints | None = None) -> Floats:
        """[n, WIDTH] as a ranker reads it, of all items or of some: logarithms."""
        counts = self.counts if rows is None else self.counts[rows]
        return np.log1p(np.maximum(counts, 0.0)).astype(np.float32)


def at_times(count: int, events: Iterable[tuple[float, int]], times: Sequence[float]) -> Iterator[tuple[int, Floats]]:
    """What ``Popularity.seen`` is at each of some times, of the events up to then alone: nothing is known of the future.

    Yields:
        The place of a time, and what is seen then; the times come in their order.
    """
    told = sorted(events)
    popularity, place = Popularity(count), 0
    for number in np.argsort(times, kind="stable"):
        first = place
        while place < len(told) and told[place][0] <= times[number]:
            place += 1
        new = told[first:place]
        popularity.add_all(
            np.array([item for _, item in new], np.int32), np.array([at for at, _ in new]), np.ones(len(new))
        )
        popularity.forward(times[number])
        yield int(number), popularity.seen()
