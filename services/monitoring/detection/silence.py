"""Silence: nothing came for so long that chance does not explain it."""

from __future__ import annotations

import numpy as np

from services.monitoring.detection.judgement import Judgement, stacked
from services.monitoring.detection.series import Series, trailing
from services.monitoring.detection.tails import none_at_all
from services.monitoring.detection.usual import Usual
from shared.contracts.monitoring.alert_rules import Silence

#: Minutes.
_WINDOWS = (5, 15, 30, 60, 120, 240, 480, 1440)


def judge_silence(rule: Silence, minutes: Series, usual: Usual, last: int) -> Judgement:
    """Probability of an empty window; ``min_volume`` is how many texts it should have held."""
    rates, asked = usual.rates[None], minutes.starts[-last:]
    expected = rates.expected(minutes.starts)
    position = np.arange(1, len(minutes) + 1)[-last:]
    rows = []
    for window in _WINDOWS:
        texts, mean = trailing(minutes.texts, window)[-last:], trailing(expected, window)[-last:]
        probability = np.where(texts == 0, none_at_all(mean, rates.spread(asked, window)), 1.0)
        matters = (texts == 0) & (mean >= rule.min_volume) & (position >= window)
        rows.append((probability, texts, mean, texts, matters))
    return stacked(rows, _WINDOWS)
