"""Mean shift: the mean score of a window against the usual one."""

from __future__ import annotations

import numpy as np
from scipy import stats

from services.monitoring.detection.judgement import Judgement, stacked
from services.monitoring.detection.series import Floats, Series, trailing, weighted
from services.monitoring.detection.usual import Usual
from shared.contracts.monitoring.alert_rules import MeanShift

#: Minutes. A mean needs texts: shorter windows than these see what the share of negatives sees better.
_WINDOWS = (15, 60, 240)


def judge_mean_shift(rule: MeanShift, minutes: Series, usual: Usual, last: int) -> Judgement:
    """Probability of such a mean: Student's, with the wandering of whole hours as a second variance."""
    mood = usual.mood
    _, by_minute = mood.expected(minutes.starts)
    freedom = max(mood.hours - 1.0, 2.0)
    rows = []
    for window in _WINDOWS:
        texts, score = trailing(minutes.texts, window)[-last:], trailing(minutes.score, window)[-last:]
        mean = weighted(by_minute, minutes.texts, window)[-last:]
        observed = np.divide(score, texts, out=mean.copy(), where=texts > 0)
        error = np.sqrt(mood.variance / np.maximum(texts, 1.0) + mood.wander)
        shift = towards(observed - mean, rule.direction)
        tail = stats.t.sf(shift / error, freedom) * (2 if rule.direction == "both" else 1)
        rows.append((tail, observed, mean, texts, (texts >= rule.min_volume) & (shift >= max(rule.shift, 1e-9))))
    return stacked(rows, _WINDOWS)


def towards(deviation: Floats, direction: str) -> Floats:
    """Deviations as positive numbers in the direction that is watched."""
    if direction == "both":
        return np.abs(deviation)
    return -deviation if direction == "down" else deviation
