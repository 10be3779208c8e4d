"""Streams by the minute, drawn with a seed."""

from __future__ import annotations

import numpy as np

from services.monitoring.detection.series import HOUR, MINUTE, Series
from services.monitoring.detection.usual import BURST_DAYS, GUARD, Usual, learn

#: A Monday, 00:00 UTC.
MONDAY = 1_790_553_600
DAY = 1440


def stream(
    days: int, per_hour: float, *, negative: float = 0.3, positive: float = 0.3, seed: int = 0, nightly: float = 0.2
) -> Series:
    """A stream that rises and falls with the day, between ``nightly`` and ``2 - nightly`` times its mean."""
    rng = np.random.default_rng(seed)
    minutes = np.arange(days * DAY)
    rate = per_hour / 60 * (1 - (1 - nightly) * np.cos(2 * np.pi * minutes / DAY))
    counts = [rng.poisson(rate * share).astype(float) for share in (negative, positive, 1 - negative - positive)]
    return Series(MONDAY, MINUTE, sum(counts, np.zeros(len(minutes))), counts[0], counts[1], counts[1] - counts[0])


def added(series: Series, at: int, negative: float = 0.0, positive: float = 0.0) -> Series:
    """The same with so many more texts in each minute from a position on."""
    more = [np.where(np.arange(len(series)) >= at, each, 0.0) for each in (negative, positive)]
    return Series(
        series.start,
        series.step,
        series.texts + more[0] + more[1],
        series.negative + more[0],
        series.positive + more[1],
        series.score + more[1] - more[0],
    )


def usual_at(series: Series, now: int) -> Usual:
    """What is known at a full hour."""
    until = (now - GUARD) // HOUR * HOUR
    hours = series.between(series.start, until).coarser(HOUR)
    return learn(hours, series.between(until - BURST_DAYS * 86_400, until))
