"""What all models that read pairs of texts have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from shared.artifacts.manifest import Manifest
from shared.contracts.tasks import TaskName
from shared.errors import BrokenArtifact
from shared.inference.batching import BatchRunner
from shared.inference.pairs import PairTokens
from shared.inference.predictor import Parts
from shared.inference.session import FloatArray

OUTPUT = "logits"
"""Of the graph: [b, columns]."""

_WARM_UP = "Where is my order? 你好 🙂"


class Pair(Protocol):
    """Two texts."""

    @property
    def text(self) -> str:
        """The first."""

    @property
    def text_pair(self) -> str:
        """The second."""


class PairReader:
    """Reads pairs, each in one window.

    Args:
        parts: What the model is served by; closed with the reader.
        columns: Figures that the graph gives for a pair.

    Raises:
        BrokenArtifact: It gives others.
    """

    def __init__(self, parts: Parts, columns: int) -> None:
        self.manifest: Manifest = parts.manifest
        self._pairs = PairTokens(parts.tokens)
        self._runner = BatchRunner(parts.session, parts.tokens.pad_id, threads=parts.threads, on_gpu=parts.on_gpu)
        outputs = self._runner.each(self._pairs.encode([_WARM_UP], [_WARM_UP]))[0] or {}
        if OUTPUT not in outputs or outputs[OUTPUT].shape != (columns,):
            raise BrokenArtifact(f"the graph of {self.model_id} does not give {columns} figures for a pair")

    @property
    def model_id(self) -> str:
        """The id of the model."""
        return self.manifest.model_id

    @property
    def task(self) -> TaskName:
        """What it was trained for."""
        return self.manifest.task

    def read(self, pairs: Sequence[Pair]) -> tuple[FloatArray, list[int]]:
        """The logits [n, columns] of some pairs, divided by the model's temperature, and the tokens read for each.

        A pair without anything that could be read has zeros.
        """
        encodings = self._pairs.encode([pair.text for pair in pairs], [pair.text_pair for pair in pairs])
        found = [None if read is None else read[OUTPUT] for read in self._runner.each(encodings)]
        nothing = np.zeros(self._columns(found), np.float32)
        logits = np.stack([nothing if one is None else one for one in found])
        return logits / np.float32(self.manifest.calibration.temperature), [len(one.ids) for one in encodings]

    def close(self) -> None:
        """Free the model's memory."""
        self._runner.close()

    def _columns(self, found: Sequence[FloatArray | None]) -> int:
        return next((len(one) for one in found if one is not None), max(1, len(self.manifest.labels.labels)))
