"""Classification by prototypes: the mean embeddings of a few examples, without training.

(Snell et al. 2017, arXiv:1703.05175; a label's description stands among its examples, as in zero-shot classification by embeddings.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shared.contracts.training.few_shot import FewShot
from shared.contracts.training.tasks import TaskName
from shared.inference.decoding import softmax
from shared.inference.predictor import Prediction
from shared.inference.session import FloatArray
from shared.inference.windows import mean_direction
from shared.tasks.text_classification.record import Input

#: What cosines are multiplied by before they become probabilities, where no examples tell better.
SCALE = 20.0
#: Those that are tried where some do.
_SCALES = (5.0, 10.0, 20.0, 40.0, 80.0)


class Embedder(Protocol):
    """What turns texts into vectors of length 1."""

    def embed_counted(self, texts: Sequence[str]) -> tuple[FloatArray, list[int]]:
        """The vectors [n, d] of texts, zeros for a blank one, and the tokens read of each."""

    def close(self) -> None:
        """Free what it holds."""


class FewShotReader:
    """Tells the label whose prototype is nearest.

    Args:
        model_id: Of the model.
        few_shot: Its labels.
        embedder: The model that it stands on; closed with the reader.
    """

    def __init__(self, model_id: str, few_shot: FewShot, embedder: Embedder) -> None:
        self._model_id = model_id
        self._embedder = embedder
        self._names = [label.name for label in few_shot.labels]
        known = [_texts(label.name, label.description, label.examples) for label in few_shot.labels]
        owners = np.repeat(np.arange(len(known)), [len(texts) for texts in known])
        vectors, _ = embedder.embed_counted([text for texts in known for text in texts])
        self._prototypes = np.stack([mean_direction(vectors[owners == label]) for label in range(len(known))])
        self._scale = best_scale(vectors, owners)

    @property
    def model_id(self) -> str:
        """The id of the model."""
        return self._model_id

    @property
    def task(self) -> TaskName:
        """That of every such model."""
        return "text_classification"

    def predict(self, rows: Sequence[Input]) -> list[Prediction]:
        """``{"label", "confidence", "probabilities"}`` of each text."""
        vectors, tokens = self._embedder.embed_counted([row.text for row in rows])
        told = softmax(vectors @ self._prototypes.T, 1 / self._scale)
        return [Prediction(self._answer(row), read) for row, read in zip(told, tokens, strict=True)]

    def close(self) -> None:
        """Free the model that it stands on."""
        self._embedder.close()

    def _answer(self, probabilities: FloatArray) -> dict[str, object]:
        by_label = dict(zip(self._names, probabilities.tolist(), strict=True))
        label = max(by_label, key=lambda name: by_label[name])
        return {"label": label, "confidence": by_label[label], "probabilities": by_label}


def _texts(name: str, description: str | None, examples: Sequence[str]) -> list[str]:
    """What a label is like: its name, its description and its examples."""
    return [name.replace("_", " "), *([description] if description else []), *examples]


def best_scale(vectors: FloatArray, owners: NDArray[np.int64]) -> float:
    """The scale by which examples, each left out of its own label's prototype, are likeliest to have their label."""
    labels = int(owners.max()) + 1
    sums = np.stack([vectors[owners == label].sum(axis=0) for label in range(labels)])
    counts = np.bincount(owners)
    judged = np.flatnonzero(counts[owners] > 1)
    if not len(judged):
        return SCALE
    cosines = np.stack([_without(vectors[place], int(owners[place]), sums) for place in judged]).astype(np.float32)
    likelihood = [_likelihood(softmax(cosines, 1 / scale), owners[judged]) for scale in _SCALES]
    return _SCALES[int(np.argmax(likelihood))]


def _likelihood(told: FloatArray, truths: NDArray[np.int64]) -> float:
    """Of the truths, each softened by one text in n + 2 (Platt 1999): who is right about a few texts is not therefore certain."""
    texts, labels = told.shape
    logarithms = np.log(np.maximum(told, 1e-12))
    soft = np.full((texts, labels), 1 / (texts + 2) / (labels - 1))
    soft[np.arange(texts), truths] = (texts + 1) / (texts + 2)
    return float((soft * logarithms).sum(axis=1).mean())


def _without(vector: FloatArray, owner: int, sums: FloatArray) -> FloatArray:
    """The cosines of an example to all prototypes, its own label's made without it."""
    others = sums.copy()
    others[owner] -= vector
    norms = np.maximum(np.linalg.norm(others, axis=1), 1e-9)
    cosines: FloatArray = (others @ vector) / norms
    return cosines
