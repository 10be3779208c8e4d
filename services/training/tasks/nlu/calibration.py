"""Making scores mean what they say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.training.tasks.nlu.examples import OUT_OF_SCOPE_ID, Example
from services.training.tasks.nlu.prediction import Predictions
from services.training.tasks.nlu.rejection import Judged, calibrate_scope
from shared.artifacts.manifest import Calibration
from shared.contracts.jobs import ScopeCosts
from shared.inference.scope import DEFAULT_WEIGHTS, FloatArray, scope_score

#: Temperatures outside are signs of too little data, not of a model that is that wrong about itself.
_TEMPERATURES = (0.2, 5.0)


def calibrate(
    predictions: Predictions,
    examples: Sequence[Example],
    neighbours: FloatArray,
    strangers: Predictions,
    costs: ScopeCosts,
) -> Calibration:
    """Calibrate every head on validation rows.

    Args:
        predictions: What the model that will be served made of the rows.
        examples: The rows, none of which it was trained on.
        neighbours: [n, d] embeddings of training rows, by the same model.
        strangers: What it made of texts from elsewhere.
        costs: What errors about the scope cost.
    """
    intents = np.array([example.intent for example in examples])
    sentiments = np.array([example.sentiment for example in examples])
    intent_temperature = temperature(predictions.intent, intents)
    scope = None
    if predictions.intent is not None and strangers.intent is not None:
        scores = scope_score(strangers.intent, strangers.embeddings, neighbours, DEFAULT_WEIGHTS)
        scope = calibrate_scope(_judged(predictions, intents, neighbours, intent_temperature), scores, costs)
    return Calibration(
        intent_temperature=intent_temperature,
        sentiment_temperature=temperature(predictions.sentiment, sentiments),
        scope=scope,
    )


def _judged(predictions: Predictions, intents: np.ndarray, neighbours: FloatArray, temperature: float) -> Judged:
    logits, labelled = predictions.intent, (intents >= 0) | (intents == OUT_OF_SCOPE_ID)
    assert logits is not None  # noqa: S101  # the caller asked
    logits, intents = logits[labelled], intents[labelled]
    return Judged(
        scores=scope_score(logits, predictions.embeddings[labelled], neighbours, DEFAULT_WEIGHTS),
        confidences=_softmax(logits / np.float32(temperature)).max(axis=1),
        inside=intents >= 0,
        right=logits.argmax(axis=1) == intents,
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


def _softmax(logits: np.ndarray) -> np.ndarray:
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    normalised: np.ndarray = exponentials / exponentials.sum(axis=1, keepdims=True)
    return normalised
