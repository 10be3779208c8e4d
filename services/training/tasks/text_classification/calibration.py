"""Making probabilities mean what they say, and choosing from which on a label counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from services.training.exporting.temperature import temperature
from services.training.fitting.batching import IGNORED
from services.training.fitting.prediction import Found
from services.training.tasks.text_classification.examples import Example
from shared.artifacts.manifest import Calibration
from shared.tasks.text_classification.reader import OUTPUT

#: Thresholds that are tried.
_THRESHOLDS = tuple(float(number) / 100 for number in range(20, 81, 2))


def calibrate(outputs: Found, examples: Sequence[Example]) -> Calibration:
    """The temperature of the one label, or the threshold of micro F1 where a text may have several.

    Args:
        outputs: Of the graph, on validation rows.
        examples: These rows.
    """
    logits = np.stack(outputs[OUTPUT])
    column = np.array([example.column for example in examples])
    if (column != IGNORED).any():
        return Calibration(temperature=temperature(logits, column))
    return Calibration(threshold=_threshold(logits, np.stack([example.columns for example in examples])))


def _threshold(logits: NDArray[np.float32], truths: NDArray[np.float32]) -> float:
    """The middle of those that are best: a sharp one would be luck of the rows."""
    probabilities = 1 / (1 + np.exp(-logits))
    found = [f1_score(truths, probabilities >= one, average="micro", zero_division=0) for one in _THRESHOLDS]
    best = [one for one, score in zip(_THRESHOLDS, found, strict=True) if score >= max(found) - 1e-9]
    return best[len(best) // 2]
