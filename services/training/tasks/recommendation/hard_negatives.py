"""Wrong answers that are hard to tell from the right one: items with a text much like it, which somebody has not chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from zlib import crc32

import numpy as np
from scipy import sparse

from shared.tasks.recommendation.neighbours import Floats, Ints

#: Neighbours among which one is drawn.
_MOST = 20
_ROWS_AT_ONCE = 1_024


class HardNegatives:
    """Neighbours by what two texts share, the rare words counting most (cosine of TF-IDF).

    Args:
        texts: The ids of each item's text: of those alone that are known when the model is trained.
    """

    def __init__(self, texts: Mapping[str, Sequence[int]]) -> None:
        self._items = list(texts)
        self._texts = texts
        self._places = {item: place for place, item in enumerate(self._items)}
        self._near = _neighbours(_weighed(list(texts.values())))

    def beside(self, item: str, history: Set[str], draw: str) -> str | None:
        """A neighbour of an item that is no part of a history, or ``None``.

        Args:
            item: The right one.
            history: Everything that the person has chosen, as far as it is known.
            draw: Names the draw: the same one always has the same outcome.
        """
        near = [self._items[place] for place in self._near[self._places[item]] if place >= 0]
        free = [one for one in near if one not in history and self._texts[one] != self._texts[item]]
        return free[crc32(draw.encode("utf-8", "replace")) % len(free)] if free else None


def _weighed(texts: Sequence[Sequence[int]]) -> sparse.csr_matrix:
    """[n, words], rows of length 1."""
    rows = np.repeat(np.arange(len(texts)), [len(set(text)) for text in texts])
    words = np.array([word for text in texts for word in sorted(set(text))], np.int64)
    often = np.bincount(words)
    weights = np.log(len(texts) / np.maximum(often, 1))[words]
    matrix = sparse.csr_matrix((weights, (rows, words)), (len(texts), len(often)))
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return sparse.csr_matrix(sparse.diags(1 / np.maximum(lengths, 1e-9)) @ matrix)


def _neighbours(matrix: sparse.csr_matrix) -> Ints:
    """[n, _MOST + 1], the nearest of each, -1 where there are no more that share a word."""
    found = np.full((matrix.shape[0], min(_MOST + 1, matrix.shape[0])), -1, np.int32)
    for start, likeness in _pieces(matrix):
        order = np.argpartition(-likeness, found.shape[1] - 1, axis=1)[:, : found.shape[1]]
        alike = np.take_along_axis(likeness, order, axis=1) > 0
        found[start : start + len(order)] = np.where(alike, order, -1)
    return found


def _pieces(matrix: sparse.csr_matrix) -> Iterator[tuple[int, Floats]]:
    for start in range(0, matrix.shape[0], _ROWS_AT_ONCE):
        yield start, (matrix[start : start + _ROWS_AT_ONCE] @ matrix.T).toarray().astype(np.float32)
