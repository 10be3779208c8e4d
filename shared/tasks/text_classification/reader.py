"""Serves models of text classification."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shared.errors import BrokenArtifact
from shared.inference.decoding import softmax
from shared.inference.graph_reader import WARM_UP, GraphReader
from shared.inference.predictor import Parts, Prediction
from shared.inference.session import FloatArray
from shared.inference.tokens import MAX_WINDOWS, Encoded
from shared.tasks.text_classification.record import Input

OUTPUT = "logits"
"""Of the graph: [b, labels]."""


class ClassifyingReader(GraphReader):
    """Tells the label of texts, or all labels that they have.

    A long text is read in windows; their probabilities are averaged, each by its tokens.

    Args:
        parts: What the model is served by; closed with the reader.

    Raises:
        BrokenArtifact: Graph and labels do not fit together.
    """

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        outputs = self.runner.each(self.tokens.encode([WARM_UP]))[0] or {}
        width = len(self.manifest.labels.labels)
        if OUTPUT not in outputs or outputs[OUTPUT].shape != (width,):
            raise BrokenArtifact(f"the graph of {self.model_id} does not give a figure for each of its {width} labels")

    def predict(self, rows: Sequence[Input]) -> list[Prediction]:
        """``{"label", "confidence", "probabilities"}`` of each text, or ``{"labels", "probabilities"}`` where it may have several.

        A blank text has the labels' uniform distribution, or none of them.
        """
        windows = [parts[:MAX_WINDOWS] for parts in self.tokens.windows([row.text for row in rows])]
        outputs = iter(self.runner.each([window for parts in windows for window in parts]))
        return [self._prediction(parts, [next(outputs) for _ in parts]) for parts in windows]

    def _prediction(self, windows: Sequence[Encoded], outputs: Sequence[dict[str, FloatArray] | None]) -> Prediction:
        tokens = sum(len(window.ids) for window in windows)
        read = [
            (self._probabilities(found[OUTPUT]), len(window.ids))
            for window, found in zip(windows, outputs, strict=True)
            if found is not None
        ]
        if not read:
            return Prediction(self._answer(self._nothing()), tokens)
        mean = np.average([one for one, _ in read], axis=0, weights=[length for _, length in read])
        return Prediction(self._answer(mean), tokens)

    def _probabilities(self, logits: FloatArray) -> FloatArray:
        temperature = self.manifest.calibration.temperature
        if not self.manifest.labels.several:
            return softmax(logits, temperature)
        probabilities: FloatArray = 1 / (1 + np.exp(-logits / np.float32(temperature)))
        return probabilities

    def _nothing(self) -> FloatArray:
        count = len(self.manifest.labels.labels)
        return np.zeros(count, np.float32) if self.manifest.labels.several else np.full(count, 1 / count, np.float32)

    def _answer(self, probabilities: FloatArray) -> dict[str, object]:
        labels = self.manifest.labels.labels
        by_label = dict(zip(labels, probabilities.tolist(), strict=True))
        if self.manifest.labels.several:
            threshold = self.manifest.calibration.threshold
            return {"labels": [name for name in labels if by_label[name] >= threshold], "probabilities": by_label}
        label = max(by_label, key=lambda name: by_label[name])
        return {"label": label, "confidence": by_label[label], "probabilities": by_label}
