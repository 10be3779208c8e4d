"""Making scores mean what they say: temperatures, and the threshold below which a text is out of scope."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.training.encoding import OUT_OF_SCOPE_ID, Example
from services.training.prediction import Predictions
from shared.artifacts.manifest import Calibration, ScopeCalibration
from shared.inference.scope import DEFAULT_WEIGHTS, FloatArray, scope_score

#: Share of in-scope validation rows that the threshold may reject.
MAX_REJECTION = 0.05

#: In-scope validation rows without which a threshold would be a guess.
MIN_ROWS = 20

#: Temperatures outside are signs of too little data, not of a model that is that wrong about itself.
_TEMPERATURES = (0.2, 5.0)


def calibrate(predictions: Predictions, examples: Sequence[Example], neighbours: FloatArray) -> Calibration:
    """Calibrate every head on validation rows.

    Args:
        predictions: What the model that will be served made of the rows.
        examples: The rows, none of which it was trained on.
        neighbours: [n, d] embeddings of training rows, by the same model.
    """
    intents = np.array([example.intent for example in examples])
    sentiments = np.array([example.sentiment for example in examples])
    return Calibration(
        intent_temperature=temperature(predictions.intent, intents),
        sentiment_temperature=temperature(predictions.sentiment, sentiments),
        scope=calibrate_scope(predictions, intents, neighbours),
    )


def temperature(logits: FloatArray | None, targets: np.ndarray) -> float:
    """The number that logits are to be divided by so that probabilities match frequencies.

    (Guo et al. 2017, arXiv:1706.04599.) The likelihood is convex in the inverse temperature, so bisection of its
    slope finds the best one. Targets are softened by one row in n + 2 (Platt 1999): a model that makes no mistake on a few
    rows is not therefore certain.

    Args:
        logits: [n, labels]; ``None`` if the model lacks the head.
        targets: [n] columns; rows with a negative one are left out.

    Returns:
        A temperature within 0.2..5; 1 if there is nothing to learn it from.
    """
    labelled = targets >= 0
    if logits is None or not labelled.any() or logits.shape[1] < 2:
        return 1.0
    chosen, columns = logits[labelled].astype(np.float64), targets[labelled]
    rows, labels = chosen.shape
    soft = np.full_like(chosen, 1 / (rows + 2) / (labels - 1))
    soft[np.arange(rows), columns] = (rows + 1) / (rows + 2)
    low, high = 1 / _TEMPERATURES[1], 1 / _TEMPERATURES[0]
    for _ in range(50):
        middle = (low + high) / 2
        if ((_softmax(middle * chosen) - soft) * chosen).sum() > 0:
            high = middle
        else:
            low = middle
    return float(2 / (low + high))


def calibrate_scope(predictions: Predictions, intents: np.ndarray, neighbours: FloatArray) -> ScopeCalibration | None:
    """Choose the threshold of the scope score.

    It rejects at most 5 % of the in-scope rows. If out-of-scope rows are known, it is the one among those that tells
    the two kinds apart best (Youden 1950); else the highest.

    Args:
        predictions: For the validation rows.
        intents: [n] their columns; ``OUT_OF_SCOPE_ID`` for rows that belong to no intent, other negative ones are left out.
        neighbours: [n, d] embeddings of training rows.

    Returns:
        ``None`` if the model has no intent head or fewer than 20 in-scope rows are labelled: then nothing is rejected.
    """
    if predictions.intent is None or (intents >= 0).sum() < MIN_ROWS:
        return None
    unset = ScopeCalibration(weights=DEFAULT_WEIGHTS, threshold=0.0, in_scope_rejection=0.0)
    scores = scope_score(predictions.intent, predictions.embeddings, neighbours, unset)
    inside, outside = np.sort(scores[intents >= 0]), scores[intents == OUT_OF_SCOPE_ID]
    candidates = inside[: 1 + int(MAX_REJECTION * len(inside))]
    rejected = np.arange(len(candidates)) / len(inside)
    if len(outside):
        recalled = (outside < candidates[:, np.newaxis]).mean(axis=1)
        best = int((recalled - rejected).argmax())
    else:
        best = len(candidates) - 1
    return unset.model_copy(update={"threshold": float(candidates[best]), "in_scope_rejection": float(rejected[best])})


def _softmax(logits: np.ndarray) -> np.ndarray:
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    normalised: np.ndarray = exponentials / exponentials.sum(axis=1, keepdims=True)
    return normalised
