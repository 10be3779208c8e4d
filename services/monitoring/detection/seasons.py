"""A rate by the hour of the week that knows how little it knows.

Hour of the week, hour of the day and level are a hierarchy: what the finer one has not seen enough of is drawn towards the coarser
(gamma-Poisson conjugacy; Gelman et al., Bayesian Data Analysis, ch. 2 and 5).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.monitoring.detection.level import Level, dispersion, track_level
from services.monitoring.detection.series import HOUR, MINUTE, Floats, Series

DAY_HOURS = 24
WEEK_HOURS = 168

#: Shape of the prior of an hour of the day around the level: a night may well have a tenth of the day's rate.
_DAY_PRIOR = 2.0
#: Of an hour of the week around its hour of the day: weekdays that differ, a little, or not at all, as the history tells.
_WEEK_PRIORS = (15.0, 100.0, 1000.0)
#: Over-dispersion of an hour to start from.
_DISPERSION = 0.05
#: Hours after which an hour counts half.
_HALF_LIFE = 21 * 24.0
#: Standard deviations above which an hour is a surge of the past, and counts no further.
_SURGE = 4.0
#: Over-dispersion of steps within an hour to start from, and how many squared texts of evidence that is worth.
_BURSTS, _BURSTS_EVIDENCE = 0.02, 25.0
#: Hours from the last whole one that teaches to the one that is judged.
_AHEAD = 3
#: Steps within the hour by which bursts are measured.
_BURST_STEP = 5 * MINUTE


@dataclass(frozen=True, slots=True)
class Rates:
    """What to expect of a count.

    Attributes:
        hourly: By hour of the week (Unix time modulo a week), shape ``[168]``.
        doubt: Squared relative uncertainty of each of those, beyond the one that ``dispersion`` holds.
        dispersion: Of an hour around its rate: variance is ``mean + dispersion * mean²``.
        bursts: What comes to that in steps of minutes.
        nearby: How the hours just before predict the next one, beside ``hourly``.
    """

    hourly: Floats
    doubt: Floats
    dispersion: float
    bursts: float
    nearby: Level

    def expected(self, starts: NDArray[np.int64], step: int = MINUTE) -> Floats:
        """Counts to expect in steps that begin then; hours pass into each other without a jump."""
        position = (starts + step / 2) / HOUR - 0.5
        before = np.floor(position)
        part = position - before
        low, high = (before.astype(np.int64) % WEEK_HOURS), ((before.astype(np.int64) + 1) % WEEK_HOURS)
        rate: Floats = self.hourly[low] * (1 - part) + self.hourly[high] * part
        return rate * step / HOUR

    def spread(self, starts: NDArray[np.int64], minutes: int) -> Floats:
        """Dispersion of the count of a window of so many minutes that ends with the steps beginning then."""
        bursts = self.bursts * min(1.0, 30.0 / minutes)
        doubt: Floats = self.doubt[starts // HOUR % WEEK_HOURS]
        return self.dispersion + bursts + doubt

    def spread_nearby(self, starts: NDArray[np.int64], minutes: int) -> Floats:
        """The same around what the hours just before the window let expect."""
        return self.spread(starts, minutes) - self.dispersion + self.nearby.dispersion * max(1.0, minutes / 60.0)


def fit_rates(counts: Floats, first: int, *, minutes: Floats | None = None) -> Rates:
    """Learn the rates of whole hours.

    Args:
        counts: Texts of consecutive hours.
        first: Unix seconds at which the first begins.
        minutes: Counts of the recent past by minute, from which bursts are measured; from a whole hour on.
    """
    hour = (first // HOUR + np.arange(len(counts))) % WEEK_HOURS
    weight = 0.5 ** (np.arange(len(counts))[::-1] / _HALF_LIFE)
    level, kept = Level(1.0, 1.0, _DISPERSION), counts
    hourly, doubt, left_out = _posterior(kept, hour, weight, level.dispersion, _WEEK_PRIORS[0])
    for _ in range(2):
        deviation = np.sqrt(left_out + (level.dispersion + doubt[hour]) * left_out**2)
        kept = np.minimum(counts, left_out + _SURGE * deviation + 3)
        tried = [_posterior(kept, hour, weight, level.dispersion, prior) for prior in _WEEK_PRIORS]
        hourly, doubt, left_out = min(tried, key=lambda one: dispersion(kept, one[2], weight))
        level = track_level(kept, left_out, weight, _AHEAD)
    known = (
        float(doubt[hour].mean()) if len(hour) else 0.0
    )  # each hour was predicted by the others: that is in the dispersion
    return Rates(
        hourly=hourly * level.factor,
        doubt=np.maximum(doubt - known, 0.0),
        dispersion=level.dispersion,
        bursts=0.0 if minutes is None else _bursts(minutes),
        nearby=track_level(kept, left_out, weight, 1),
    )


def _posterior(
    counts: Floats, hour: NDArray[np.int64], weight: Floats, spread: float, week_prior: float
) -> tuple[Floats, Floats, Floats]:
    """Means and squared relative doubts by hour of the week, and each hour's mean by the others alone."""
    level = max(float((weight * counts).sum() / max(weight.sum(), 1e-9)), 1e-3)
    worth = weight / (1 + spread * level)
    of_day = hour % DAY_HOURS
    day_counts, day_hours = (np.bincount(of_day, worth * x, DAY_HOURS) for x in (counts, np.ones_like(counts)))
    day_shape = _DAY_PRIOR + day_counts
    day_mean = day_shape / (_DAY_PRIOR / level + day_hours)
    prior = day_mean[np.arange(WEEK_HOURS) % DAY_HOURS]
    week_counts, week_hours = (np.bincount(hour, worth * x, WEEK_HOURS) for x in (counts, np.ones_like(counts)))
    shape = week_prior + week_counts
    mean = shape / (week_prior / prior + week_hours)
    doubt = 1 / shape + (week_prior / shape) ** 2 / day_shape[np.arange(WEEK_HOURS) % DAY_HOURS]
    others = (shape[hour] - worth * counts) / (week_prior / prior[hour] + week_hours[hour] - worth)
    return mean, doubt, others


def _bursts(minutes: Floats) -> float:
    """Over-dispersion of steps of five minutes within their own hour."""
    per_hour = HOUR // _BURST_STEP
    size = len(minutes) // (HOUR // MINUTE)
    steps = minutes[: size * (HOUR // MINUTE)].reshape(size, per_hour, _BURST_STEP // MINUTE).sum(axis=2)
    mean = np.repeat(steps.mean(axis=1), per_hour).reshape(steps.shape)
    freedom = (per_hour - 1) / per_hour  # the hour's own mean is taken from the same counts
    excess = float(((steps - mean) ** 2 - freedom * mean).sum())
    squares = float((mean**2).sum())
    return float(np.clip((excess + _BURSTS * _BURSTS_EVIDENCE) / (squares + _BURSTS_EVIDENCE), 0.0, 2.0))


def history_of(series: Series, sentiment: str | None, minutes: Series | None) -> Rates:
    """The rates of a series of hours, bursts by one of minutes."""
    if minutes is None:
        return fit_rates(series.counted(sentiment), series.start)
    aligned = minutes.between(-(-minutes.start // HOUR) * HOUR, minutes.end)
    return fit_rates(series.counted(sentiment), series.start, minutes=aligned.counted(sentiment))
