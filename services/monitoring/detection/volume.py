"""Volume: a scan of windows under a negative binomial whose rate follows the hour of the week."""

from __future__ import annotations

import numpy as np

from services.monitoring.detection.judgement import WINDOWS, Judgement, stacked
from services.monitoring.detection.level import smoothed
from services.monitoring.detection.series import Series, trailing
from services.monitoring.detection.tails import at_least
from services.monitoring.detection.usual import Usual
from shared.contracts.monitoring.alert_rules import Volume

#: Minutes of the windows that are also judged beside the hours just before them: a step shows there that is no surge beside the weeks.
_NEARBY = (8, 15, 30, 60, 120)


def judge_volume(rule: Volume, minutes: Series, usual: Usual, last: int) -> Judgement:
    """Probability of so many texts in each window that ends with a minute; a running minute counts as a whole one.

    Each window is compared with the hour of the week, and most also with the level of the hours that end where it begins.
    """
    counts, rates = minutes.counted(rule.sentiment), usual.rates[rule.sentiment]
    expected, asked = rates.expected(minutes.starts), minutes.starts[-last:]
    level = smoothed(counts, expected, rates.nearby.discount ** (1 / 60))
    position = np.arange(1, len(minutes) + 1)[-last:]
    rows = []
    for window, nearby in [*((one, False) for one in WINDOWS), *((one, True) for one in _NEARBY)]:
        observed, mean = trailing(counts, window)[-last:], trailing(expected, window)[-last:]
        spread = rates.spread(asked, window)
        if nearby:
            mean = mean * np.concatenate((np.ones(min(window, len(level))), level[:-window]))[-last:]
            spread = rates.spread_nearby(asked, window)
        matters = (observed >= rule.min_volume) & (observed >= rule.factor * mean) & (position >= window)
        rows.append((at_least(observed, mean, spread), observed, mean, observed, matters))
    return stacked(rows, (*WINDOWS, *_NEARBY))
