"""Serves models of pair classification."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shared.inference.decoding import softmax
from shared.inference.pair_reader import PairReader
from shared.inference.predictor import Parts, Prediction
from shared.tasks.pair_classification.record import Input


class PairClassifyingReader(PairReader):
    """Tells the label of pairs, or their score where the model learned scores."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts, max(1, len(parts.manifest.labels.labels)))

    def predict(self, rows: Sequence[Input]) -> list[Prediction]:
        """``{"label", "confidence", "probabilities"}`` of each pair, or ``{"score"}`` from 0 to 1."""
        logits, tokens = self.read(rows)
        names = self.manifest.labels.labels
        if not names:
            scores = 1 / (1 + np.exp(-logits[:, 0]))
            return [Prediction({"score": float(score)}, read) for score, read in zip(scores, tokens, strict=True)]
        found = []
        for probabilities, read in zip(softmax(logits), tokens, strict=True):
            by_label = dict(zip(names, probabilities.tolist(), strict=True))
            label = max(by_label, key=lambda name: by_label[name])
            answer = {"label": label, "confidence": by_label[label], "probabilities": by_label}
            found.append(Prediction(answer, read))
        return found
