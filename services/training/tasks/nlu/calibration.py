"""Making scores mean what they say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.training.exporting.temperature import temperature
from services.training.tasks.nlu.examples import OUT_OF_SCOPE_ID, Example
from services.training.tasks.nlu.prediction import Predictions
from services.training.tasks.nlu.rejection import Judged, calibrate_scope
from shared.artifacts.manifest import Calibration
from shared.contracts.training.jobs import ScopeCosts
from shared.inference.decoding import softmax
from shared.inference.scope import DEFAULT_WEIGHTS, FloatArray, scope_score


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


def _judged(predictions: Predictions, intents: np.ndarray, neighbours: FloatArray, heat: float) -> Judged:
    logits, labelled = predictions.intent, (intents >= 0) | (intents == OUT_OF_SCOPE_ID)
    assert logits is not None  # noqa: S101  # the caller asked
    logits, intents = logits[labelled], intents[labelled]
    return Judged(
        scores=scope_score(logits, predictions.embeddings[labelled], neighbours, DEFAULT_WEIGHTS),
        confidences=softmax(logits, heat).max(axis=1),
        inside=intents >= 0,
        right=logits.argmax(axis=1) == intents,
    )
