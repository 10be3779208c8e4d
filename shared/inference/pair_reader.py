"""What all models that read pairs of texts have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from shared.errors import BrokenArtifact
from shared.inference.graph_reader import WARM_UP, GraphReader
from shared.inference.pairs import PairTokens
from shared.inference.predictor import Parts
from shared.inference.session import FloatArray

OUTPUT = "logits"
"""Of the graph: [b, columns]."""


class Pair(Protocol):
    """Two texts."""

    @property
    def text(self) -> str:
        """The first."""

    @property
    def text_pair(self) -> str:
        """The second."""


class PairReader(GraphReader):
    """Reads pairs, each in one window.

    Args:
        parts: What the model is served by; closed with the reader.
        columns: Figures that the graph gives for a pair.

    Raises:
        BrokenArtifact: It gives others.
    """

    def __init__(self, parts: Parts, columns: int) -> None:
        super().__init__(parts)
        self._columns = columns
        self._pairs = PairTokens(parts.tokens)
        outputs = self.runner.each(self._pairs.encode([WARM_UP], [WARM_UP]))[0] or {}
        if OUTPUT not in outputs or outputs[OUTPUT].shape != (columns,):
            raise BrokenArtifact(f"the graph of {self.model_id} does not give {columns} figures for a pair")

    def read(self, pairs: Sequence[Pair]) -> tuple[FloatArray, list[int]]:
        """The logits [n, columns] of some pairs, divided by the model's temperature, and the tokens read for each.

        A pair without anything that could be read has zeros.
        """
        encodings = self._pairs.encode([pair.text for pair in pairs], [pair.text_pair for pair in pairs])
        found = [None if read is None else read[OUTPUT] for read in self.runner.each(encodings)]
        nothing = np.zeros(self._columns, np.float32)
        logits = np.stack([nothing if one is None else one for one in found])
        return logits / np.float32(self.manifest.calibration.temperature), [len(one.ids) for one in encodings]
