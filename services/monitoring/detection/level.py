"""The level of the last hours beside what the hour of the week lets expect.

A discounted gamma-Poisson filter (Harvey and Fernandes 1989): what came and what was expected are both summed with a weight that
halves with age. How fast is chosen on the history itself, by what predicts it best.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import signal

from services.monitoring.detection.series import Floats

#: Weight of an hour beside the one after it.
_DISCOUNTS = (0.8, 0.9, 0.95, 0.98)
#: Texts that the level of the weeks is worth.
_PRIOR_TEXTS = 20.0
#: Over-dispersion of an hour to start from, and how many hours of evidence that is worth.
_DISPERSION, _DISPERSION_HOURS = 0.03, 48.0


@dataclass(frozen=True, slots=True)
class Level:
    """How the level of the last hours goes on.

    Attributes:
        factor: What to multiply the usual rate with.
        discount: Weight of an hour beside the one after it; 1 where the weeks predict best.
        dispersion: Over-dispersion of hours around what is predicted: variance is ``mean + dispersion * mean²``.
    """

    factor: float
    discount: float
    dispersion: float


def track_level(counts: Floats, usual: Floats, weight: Floats, ahead: int) -> Level:
    """The filter that predicts best, so many hours ahead.

    Args:
        counts: Texts by hour.
        usual: What the hour of the week lets expect of each, known without it.
        weight: What each hour counts.
        ahead: Hours; 1 for the very next.
    """
    best = Level(1.0, 1.0, dispersion(counts, usual, weight))
    for discount in _DISCOUNTS if len(counts) > ahead else ():
        factors = smoothed(counts, usual, discount)
        predicted = np.concatenate((np.ones(ahead), factors[:-ahead]))
        left = dispersion(counts, usual * predicted, weight)
        if left < best.dispersion:
            best = Level(float(factors[-1]), discount, left)
    return best


def smoothed(counts: Floats, usual: Floats, discount: float) -> Floats:
    """The level after each step, as a factor; ``discount`` is by step."""
    came, expected = (signal.lfilter([1.0], [1.0, -discount], values) for values in (counts, usual))
    factors: Floats = (_PRIOR_TEXTS + came) / (_PRIOR_TEXTS + expected)
    return factors


def dispersion(counts: Floats, mean: Floats, weight: Floats) -> float:
    """By moments, drawn towards the usual: variance is ``mean + dispersion * mean²``."""
    excess = float((weight * ((counts - mean) ** 2 - mean)).sum())
    squares = float((weight * mean**2).sum())
    usual = max(squares / max(len(counts), 1), 1e-9) * _DISPERSION_HOURS
    return float(np.clip((excess + _DISPERSION * usual) / (squares + usual), 1e-3, 4.0))
