"""How surely a text belongs to one of the intents that a model knows. Pure numpy, used in training and in serving."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.artifacts.manifest import ScopeCalibration

FloatArray = NDArray[np.float32]


def scope_score(
    intent_logits: FloatArray, embeddings: FloatArray, neighbours: FloatArray, calibration: ScopeCalibration
) -> FloatArray:
    """The weighted sum of the signals that the calibration names; higher means more surely in scope.

    Signals: ``energy``, the log-sum-exp of the logits (Liu et al. 2020, arXiv:2010.03759), and ``nearest``, the cosine
    to the nearest training row.

    Args:
        intent_logits: [b, I].
        embeddings: Unit-length embeddings of the texts, [b, d].
        neighbours: Unit-length embeddings of training rows, [n, d].
        calibration: The weights.

    Returns:
        One score per text, [b].
    """
    top = intent_logits.max(axis=1, keepdims=True)
    energy = (top + np.log(np.exp(intent_logits - top).sum(axis=1, keepdims=True)))[:, 0]
    nearest = (embeddings @ neighbours.T).max(axis=1, initial=-1.0)
    signals = {"energy": energy, "nearest": nearest}
    score: FloatArray = sum(
        (np.float32(weight) * signals[name] for name, weight in calibration.weights.items()), np.zeros_like(energy)
    )
    return score
