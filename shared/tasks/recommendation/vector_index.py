"""Finds the vectors that are like one without looking at all: they lie in lists, each around a centre, and the nearest lists are read.

An inverted file (IVF; Jégou et al. 2011, doi:10.1109/TPAMI.2010.57) over plain cosines; what is found is exact but for what lies in other lists.
"""

from __future__ import annotations

from typing import Self

import numpy as np

from shared.tasks.recommendation.neighbours import Floats, Ints

#: Vectors of a list, more or less, and the share of all that a search reads.
_OF_A_LIST, _READ = 400, 0.05
#: Vectors of each list from which the centres are learned, and how often they are moved.
_SAMPLE, _ROUNDS = 40, 6
_ROWS_AT_ONCE = 8_192


class VectorIndex:
    """Vectors as they were when the index was made. Safe for use from many threads at once.

    Args:
        vectors: [n, d] in the order of their lists.
        rows: [n], the row that each of them had.
        starts: [k + 1], where each list begins.
        centres: [k, d].
    """

    def __init__(self, vectors: Floats, rows: Ints, starts: Ints, centres: Floats) -> None:
        self._vectors, self._rows, self._starts, self._centres = vectors, rows, starts, centres

    def __len__(self) -> int:
        return len(self._rows)

    @classmethod
    def of(cls, vectors: Floats, seed: int = 0) -> Self:
        """Put vectors [n, d], of length 1, into lists; they are copied."""
        chance = np.random.default_rng(seed)
        count = max(1, len(vectors) // _OF_A_LIST)
        sample = vectors[np.sort(chance.permutation(len(vectors))[: count * _SAMPLE])]
        centres = sample[chance.permutation(len(sample))[:count]]
        for _ in range(_ROUNDS):
            sums = np.zeros_like(centres)
            np.add.at(sums, _nearest(sample, centres), sample)
            lengths = np.linalg.norm(sums, axis=1, keepdims=True)
            centres = np.where(lengths > 0, sums / np.maximum(lengths, 1e-9), centres).astype(np.float32)
        lists = _nearest(vectors, centres)
        order = np.argsort(lists, kind="stable").astype(np.int32)
        starts = np.concatenate([[0], np.cumsum(np.bincount(lists, minlength=count))]).astype(np.int32)
        return cls(vectors[order], order, starts, centres)

    def nearest(self, wanted: Floats, most: int) -> Ints:
        """Rows of the vectors that are most like one [d], in no order: ``most`` of them, or fewer where there are no more."""
        to_read, found, scores = max(self._share(), 2 * most), list[Ints](), list[Floats]()
        for one in np.argsort(-(self._centres @ wanted), kind="stable"):
            here = slice(self._starts[one], self._starts[one + 1])
            found.append(self._rows[here])
            scores.append(self._vectors[here] @ wanted)
            to_read -= len(found[-1])
            if to_read <= 0:
                break
        rows, likeness = np.concatenate(found), np.concatenate(scores)
        if len(rows) <= most:
            return rows
        return rows[np.argpartition(-likeness, most)[:most]]

    def _share(self) -> int:
        return int(_READ * len(self._rows))


def _nearest(vectors: Floats, centres: Floats) -> Ints:
    """[n], the centre that each vector is most like."""
    pieces = (vectors[start : start + _ROWS_AT_ONCE] for start in range(0, len(vectors), _ROWS_AT_ONCE))
    return np.concatenate([(piece @ centres.T).argmax(axis=1) for piece in pieces]).astype(np.int32)
