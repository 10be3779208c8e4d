"""Serves models of embedding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shared.errors import BrokenArtifact, InvalidInput
from shared.inference.graph_reader import WARM_UP, GraphReader
from shared.inference.predictor import Parts, Prediction
from shared.inference.session import FloatArray
from shared.inference.tokens import MAX_WINDOWS
from shared.inference.windows import mean_direction
from shared.tasks.embedding.record import Input

OUTPUT = "sentence_embedding"
"""Of the graph: [b, d], of length 1."""


class EmbeddingReader(GraphReader):
    """Embeds texts; a long one's vector is the mean direction of its windows'.

    Args:
        parts: What the model is served by; closed with the reader.

    Raises:
        BrokenArtifact: The graph gives vectors of another size than the manifest says.
    """

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        outputs = self.runner.each(self.tokens.encode([WARM_UP]))[0] or {}
        if OUTPUT not in outputs or outputs[OUTPUT].shape != (self.manifest.embedding_size,):
            raise BrokenArtifact(f"the graph of {self.model_id} gives no vectors of {self.manifest.embedding_size}")

    @property
    def sizes(self) -> tuple[int, ...]:
        """To which the vectors may be cut, and still be compared; the whole size is one of them."""
        return self.manifest.embedding_sizes or (self.manifest.embedding_size,)

    def predict(self, rows: Sequence[Input]) -> list[Prediction]:
        """``{"embedding"}`` of each text, of length 1; zeros for a blank one.

        Raises:
            InvalidInput: A size is wanted to which the model's embeddings cannot be cut.
        """
        for row in rows:
            self._require_size(row.dimensions)
        vectors, tokens = self.embed_counted([row.text for row in rows])
        return [
            Prediction({"embedding": _cut(vector, row.dimensions).tolist()}, read)
            for row, vector, read in zip(rows, vectors, tokens, strict=True)
        ]

    def embed_counted(self, texts: Sequence[str]) -> tuple[FloatArray, list[int]]:
        """The vectors [n, d] of texts, of length 1 (zeros for blank ones), and the tokens read of each."""
        windows = [parts[:MAX_WINDOWS] for parts in self.tokens.windows(texts)]
        outputs = iter(self.runner.each([window for parts in windows for window in parts]))
        nothing = np.zeros(self.manifest.embedding_size, np.float32)
        vectors = np.empty((len(texts), self.manifest.embedding_size), np.float32)
        for row, parts in enumerate(windows):
            found = [nothing if read is None else read[OUTPUT] for read in (next(outputs) for _ in parts)]
            vectors[row] = found[0] if len(found) == 1 else mean_direction(np.stack(found))
        return vectors, [sum(len(window.ids) for window in parts) for parts in windows]

    def _require_size(self, size: int | None) -> None:
        if size is None or size in self.sizes:
            return
        sizes = ", ".join(map(str, self.sizes))
        raise InvalidInput(
            f"The embeddings of {self.model_id} have {sizes} dimensions and not {size}; models of other sizes are trained with the "
            "objective 'matryoshka'.",
            param="dimensions",
        )


def _cut(vector: FloatArray, size: int | None) -> FloatArray:
    """The first numbers of a vector, at length 1."""
    if size is None or size >= len(vector):
        return vector
    part = vector[:size]
    return part / np.float32(max(float(np.linalg.norm(part)), 1e-9))
