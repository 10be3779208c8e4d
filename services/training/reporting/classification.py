"""How well one label of several is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from services.training.reporting.figures import (
    MAX_MISTAKES,
    Evaluation,
    Mistake,
    calibration_error,
    macro_f1,
    table,
)

QUALITY = ("accuracy", "macro_f1")


def judged_choices(texts: Sequence[str], truths: Sequence[str], answers: Sequence[Mapping[str, Any]]) -> Evaluation:
    """Compare answers with labels: ``accuracy``, ``macro_f1`` and ``calibration_error``. The table is ``label``.

    Args:
        texts: What was asked about, for people.
        truths: The label of each.
        answers: ``label`` and ``confidence`` for each.
    """
    pairs = [(truth, str(answer["label"])) for truth, answer in zip(truths, answers, strict=True)]
    if not pairs:
        return Evaluation(0, {}, {})
    labels = table(pairs)
    right = np.array([truth == predicted for truth, predicted in pairs])
    confidences = [float(answer["confidence"]) for answer in answers]
    scores = {
        "accuracy": float(right.mean()),
        "macro_f1": macro_f1(labels),
        "calibration_error": calibration_error(confidences, right),
    }
    mistakes = [
        Mistake(text, "label", truth, predicted, confidence)
        for text, (truth, predicted), confidence in zip(texts, pairs, confidences, strict=True)
        if truth != predicted
    ]
    mistakes.sort(key=lambda mistake: -mistake.confidence)
    return Evaluation(len(pairs), scores, {"label": labels}, tuple(pairs), tuple(mistakes[:MAX_MISTAKES]))
