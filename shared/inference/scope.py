"""How surely a text belongs to one of the intents that a model knows. Pure numpy, used in training and in serving."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from shared.artifacts.manifest import ScopeCalibration

FloatArray = NDArray[np.float32]

#: Chosen on training rows alone, with a quarter of the intents held out (`python -m tests.load.scope_weights`). The reason for a
#: sum: each signal alone misses what the others see. A text can be far from every training row and still be classified with
#: confidence, or share its words with one row and yet fit no intent. Logits reach about 20, cosines and probabilities 1.
DEFAULT_WEIGHTS = {"nearest": 1.0, "logit": 0.025, "confidence": 0.5}


#: Odds beyond say nothing more, and would overflow.
_MAX_LOG_ODDS = 30.0


def scope_score(
    intent_logits: FloatArray, embeddings: FloatArray, neighbours: FloatArray, weights: Mapping[str, float]
) -> FloatArray:
    """The weighted sum of the signals that have a weight; higher means more surely in scope.

    Signals: ``nearest``, the cosine to the nearest training row; ``logit``, the largest logit (Hendrycks et al. 2022,
    arXiv:1911.11132), which grows with the cosine to the intent's prototype; ``confidence``, the largest probability
    (Hendrycks & Gimpel 2017, arXiv:1610.02136).

    Args:
        intent_logits: [b, I].
        embeddings: Unit-length embeddings of the texts, [b, d].
        neighbours: Unit-length embeddings of training rows, [n, d]; may be empty, then nothing is near.
        weights: Of the signals, by name.

    Returns:
        One score per text, [b].
    """
    largest = intent_logits.max(axis=1)
    exponentials = np.exp(intent_logits - largest[:, np.newaxis])
    signals = {
        "nearest": (neighbours @ embeddings.T).max(axis=0, initial=-1.0),  # in this order a few texts cost less
        "logit": largest,
        "confidence": 1.0 / exponentials.sum(axis=1),  # the largest exponential is 1
    }
    score: FloatArray = sum(
        (np.float32(weight) * signals[name] for name, weight in weights.items()),
        np.zeros(len(intent_logits), np.float32),
    )
    return score


def with_outside(probabilities: FloatArray, scores: FloatArray, calibration: ScopeCalibration) -> FloatArray:
    """Probabilities with a column for ``out_of_scope`` behind the intents'.

    Its odds against the likeliest intent are even at the threshold and grow below it, so it leads exactly where the score lies
    below the threshold; the intents share what it leaves.

    Args:
        probabilities: [b, I], each row with sum 1.
        scores: [b].
        calibration: Threshold and slope.

    Returns:
        [b, I + 1], each row with sum 1.
    """
    exponents = np.minimum(calibration.slope * (calibration.threshold - scores.astype(np.float64)), _MAX_LOG_ODDS)
    outside = probabilities.max(axis=1) * np.exp(exponents)
    joined = np.column_stack([probabilities, outside])
    shared: FloatArray = joined / joined.sum(axis=1, keepdims=True)
    return shared
