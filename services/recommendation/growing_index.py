"""The index of a catalog that changes: made beside the questions, and made anew when much has changed since."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

import numpy as np

from shared.tasks.recommendation.neighbours import Floats, Ints
from shared.tasks.recommendation.retrieval import RANKED_WHOLE
from shared.tasks.recommendation.vector_index import VectorIndex
from shared.telemetry import logs

_log = logs.get(__name__)

#: Items that are looked at beside the index before it is made anew, and what share of all that may be.
_BESIDE, _SHARE = 2_000, 0.05

Submit = Callable[[Callable[[Floats], VectorIndex], Floats], Future[VectorIndex]]


class GrowingIndex:
    """Not safe for use from several threads at once.

    Attributes:
        built: The index; ``None`` as long as all vectors are looked at.
    """

    def __init__(self) -> None:
        self.built: VectorIndex | None = None
        self._beside: set[int] = set()
        self._meanwhile: set[int] = set()
        self._making: Future[VectorIndex] | None = None

    def changed(self, row: int) -> None:
        """Note that a vector is new or another one."""
        self._beside.add(row)
        self._meanwhile.add(row)

    def beside(self) -> Ints:
        """Rows whose vectors the index does not have."""
        return np.array(sorted(self._beside), np.int32)

    def keep(self, vectors: Floats, submit: Submit) -> bool:
        """Take the index that was being made, or have the next one made; returns whether there is another one now.

        Args:
            vectors: [n, d] of all items.
            submit: Has it made in another thread.
        """
        if self._making is not None:
            return self._making.done() and self._take(self._making)
        if len(vectors) > RANKED_WHOLE and len(self._beside) > max(_BESIDE, _SHARE * len(vectors)):
            self._meanwhile = set()
            self._making = submit(VectorIndex.of, vectors.copy())
        return False

    def _take(self, made: Future[VectorIndex]) -> bool:
        self._making = None
        try:
            self.built = made.result()
        except MemoryError:
            _log.error("no memory for an index of the catalog; all items are looked at")
            return False
        self._beside, self._meanwhile = self._meanwhile, set()
        return True
