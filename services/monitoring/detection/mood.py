"""Which share of negatives and which mean sentiment are usual, and how much both vary by themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.monitoring.detection.series import HOUR, Floats, Series

_DAY = 24
#: Texts that the share of all hours is worth beside the texts of one hour of the day.
_PRIOR_TEXTS = 60.0
#: How alike the texts of one hour are (intra-class correlation), and how many hours of evidence that is worth.
_LIKENESS, _LIKENESS_HOURS = 0.02, 48.0
#: Hours after which an hour counts half.
_HALF_LIFE = 7 * 24.0


@dataclass(frozen=True, slots=True)
class Mood:
    """What to expect of the sentiment of texts.

    Attributes:
        share: Share of negatives by hour of the day (UTC), shape ``[24]``.
        concentration: How steady that share is; the sum of both parameters of its beta distribution.
        mean: Mean score by hour of the day, shape ``[24]``.
        variance: Of a single score.
        wander: Variance of the mean of an hour around its expectation, beyond what single scores make.
        persistence: Correlation of one hour's deviation with the next one's, 0..0.9.
        hours: Hours with texts behind it.
    """

    share: Floats
    concentration: float
    mean: Floats
    variance: float
    wander: float
    persistence: float
    hours: int

    def expected(self, starts: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Share of negatives and mean score for steps that begin then."""
        hour = starts // HOUR % _DAY
        return self.share[hour], self.mean[hour]


def fit_mood(history: Series) -> Mood:
    """Learn from whole hours; from nothing, a share of a third and a mean of 0."""
    weight = 0.5 ** (np.arange(len(history))[::-1] / _HALF_LIFE)
    hour = history.starts // HOUR % _DAY
    texts, negative = history.texts, history.negative
    overall = float((1 + (weight * negative).sum()) / (3 + (weight * texts).sum()))
    mean = float((weight * history.score).sum() / (3 + (weight * texts).sum()))
    of_hour = [np.bincount(hour, weight * x, _DAY) for x in (texts, negative, history.score)]
    known = _PRIOR_TEXTS + of_hour[0]
    share = (_PRIOR_TEXTS * overall + of_hour[1]) / known
    means = (_PRIOR_TEXTS * mean + of_hour[2]) / known
    likeness = _likeness(texts, negative, share[hour], weight)
    an_hour = texts.sum() / max(len(texts), 1)
    certain = float(_PRIOR_TEXTS / 2 + (weight * texts).sum() / (1 + likeness * an_hour) / _DAY)
    opinion = float((weight * (negative + history.positive)).sum() / max(1.0, (weight * texts).sum()))
    variance = max(opinion - mean**2, 0.05)
    wander, persistence = _wander(history, means[hour], variance)
    return Mood(
        share=share,
        concentration=1 / (likeness / (1 - likeness) + 1 / certain),
        mean=means,
        variance=variance,
        wander=wander + variance / certain,
        persistence=persistence,
        hours=int((texts > 0).sum()),
    )


def _likeness(texts: Floats, negative: Floats, share: Floats, weight: Floats) -> float:
    """Intra-class correlation by moments (Ridout et al. 1999), drawn towards the usual."""
    several = texts > 1
    n, w = texts[several], weight[several]
    deviations = (negative[several] - n * share[several]) ** 2 / (share[several] * (1 - share[several]))
    pairs = n * (n - 1)
    usual = _LIKENESS_HOURS * (float(pairs.mean()) if len(n) else 1.0)
    likeness = (float((w * (deviations - n)).sum()) + _LIKENESS * usual) / (float((w * pairs).sum()) + usual)
    return float(np.clip(likeness, 1e-3, 0.5))


def _wander(history: Series, expected: Floats, variance: float) -> tuple[float, float]:
    heard = history.texts >= 3
    n = history.texts[heard]
    if len(n) < 12:
        return 0.05, 0.0
    residuals = history.score[heard] / n - expected[heard]
    beyond = (residuals**2 - variance / n) * n
    scaled = residuals / np.sqrt(variance / n)
    lag = float((scaled[1:] * scaled[:-1]).mean() / max(float((scaled**2).mean()), 1e-9))
    return float(np.clip(beyond.sum() / n.sum(), 1e-4, 0.5)), float(np.clip(lag, 0.0, 0.9))
