"""Drift: a CUSUM of hourly deviations of the mean score over the last week, against the weeks before it.

Thresholds come from the average run length of a one-sided CUSUM (Siegmund 1985, Sequential Analysis, eq. 2.56):
``ARL(h) = (exp(2 k b) - 2 k b - 1) / (2 k²)`` with ``b = h + 1.166``.
"""

from __future__ import annotations

import numpy as np

from services.monitoring.detection.judgement import Judgement
from services.monitoring.detection.mean_shift import towards
from services.monitoring.detection.mood import fit_mood
from services.monitoring.detection.series import HOUR, MINUTE, Floats, Series
from services.monitoring.detection.usual import Usual
from shared.contracts.monitoring.alert_rules import Drift

#: Half of the shift, in standard deviations of an hour, that it is tuned to.
_ALLOWANCE = 0.25
#: Hours over which it adds up.
_MEMORY = 168
#: Hours before those without which nothing is known.
_REFERENCE = 168
_OVERSHOOT = 1.166


def judge_drift(rule: Drift, minutes: Series, usual: Usual, last: int) -> Judgement:
    """One look an hour, from whole hours; the same for every minute that is asked for."""
    size = min(last, len(minutes))
    texts, observed, expected, probability = _last_hour(rule, usual.history)
    row = np.ones((1, size))
    matters = np.full((1, size), texts >= rule.min_volume and probability < 1.0)
    return Judgement(
        (_MEMORY * HOUR // MINUTE,),
        (24.0,),
        row * probability,
        row * observed,
        row * expected,
        row * texts,
        matters,
    )


def _last_hour(rule: Drift, history: Series) -> tuple[float, float, float, float]:
    """Texts, mean and usual mean of the rising stretch that ends with the last hour, and its probability."""
    if len(history) < _REFERENCE + _MEMORY // 2:
        return 0.0, 0.0, 0.0, 1.0
    cut = history.end - min(_MEMORY, len(history) - _REFERENCE) * HOUR
    mood = fit_mood(history.between(history.start, cut))
    recent = history.between(cut, history.end)
    _, mean = mood.expected(recent.starts)
    heard = recent.texts > 0
    deviation = np.divide(recent.score, recent.texts, out=mean.copy(), where=heard) - mean
    error = np.sqrt(mood.variance / np.maximum(recent.texts, 1.0) + mood.wander)
    memory = np.sqrt((1 + mood.persistence) / (1 - mood.persistence))  # hours that resemble each other tell less
    sides = ("down", "up") if rule.direction == "both" else (rule.direction,)
    sums = [_cusum(towards(deviation / error / memory, side), heard) for side in sides]
    worst = max(sums, key=lambda one: one[0])
    rising = slice(len(recent) - worst[1], None)
    texts = float(recent.texts[rising].sum())
    observed = float(recent.score[rising].sum()) / max(texts, 1.0)
    weight = np.maximum(recent.texts[rising], 1e-9)
    usual_mean = float(np.average(mean[rising], weights=weight)) if worst[1] else 0.0
    return texts, observed, usual_mean, min(1.0, len(sides) / average_run_length(worst[0]))


def _cusum(deviations: Floats, heard: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> tuple[float, int]:
    """The sum after the last hour, and for how many hours it has been above zero."""
    total, hours = 0.0, 0
    for deviation, counts in zip(deviations, heard, strict=True):
        total = max(0.0, total + (deviation - _ALLOWANCE if counts else 0.0))
        hours = hours + 1 if total else 0
    return total, hours


def average_run_length(height: float) -> float:
    """Looks until a CUSUM of independent standard normal deviations reaches a height by chance."""
    bound = 2 * _ALLOWANCE * (height + _OVERSHOOT)
    return float(np.expm1(min(bound, 600.0)) - bound) / (2 * _ALLOWANCE**2) if height > 0 else 1.0
