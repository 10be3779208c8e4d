"""Which items go with which: for each item the others that speak for it, by a weight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The heaviest neighbours of each of the first n items.

    Attributes:
        places: [n, k], which items; any at all where the weight is 0.
        weights: [n, k], 0 for none.
    """

    places: Ints
    weights: Floats

    @classmethod
    def none(cls, count: int) -> Neighbours:
        """Of items that nobody has chosen yet."""
        return cls(np.zeros((count, 1), np.int32), np.zeros((count, 1), np.float32))

    @classmethod
    def heaviest(cls, rows: Floats, most: int) -> Neighbours:
        """Of a matrix [n, n]: the largest positive weights of each row."""
        kept = min(most, len(rows))
        places = np.argpartition(-rows, kept - 1, axis=1)[:, :kept].astype(np.int32)
        return cls(places, np.maximum(np.take_along_axis(rows, places, axis=1), 0.0).astype(np.float32))

    def __len__(self) -> int:
        return len(self.places)

    def moved(self, to: Ints, count: int) -> Neighbours:
        """The same among other items.

        Args:
            to: [n], where each item stands now; -1 if it is gone.
            count: How many items there are now.
        """
        width = self.places.shape[1]
        places, weights = np.zeros((count, width), np.int32), np.zeros((count, width), np.float32)
        here = to >= 0
        moved, kept = to[self.places[here]], self.weights[here]
        places[to[here]] = np.maximum(moved, 0)
        weights[to[here]] = np.where(moved < 0, 0.0, kept)
        return Neighbours(places, weights)

    def scores(self, history: Ints, decay: Floats, count: int) -> Floats:
        """[count]: how much the items of a history speak for each item.

        Args:
            history: [h], places of items; those behind the first n say nothing.
            decay: [h], how much each of them has to say.
            count: How many items there are.
        """
        known = history < len(self.places)
        rows = history[known]
        said = self.weights[rows] * decay[known][:, None]
        return np.bincount(self.places[rows].ravel(), said.ravel(), count)[:count].astype(np.float32)

    def said(self, items: Ints, history: Ints, decay: Floats) -> Floats:
        """[k, h]: how much each item of a history speaks for each of some items.

        Args:
            items: [k].
            history: [h], places of items; those behind the first n say nothing.
            decay: [h], how much each of them has to say.
        """
        found = np.zeros((len(items), len(history)), np.float32)
        known = np.flatnonzero(history < len(self.places))
        if len(known):
            places, weights = self.places[history[known]], self.weights[history[known]] * decay[known][:, None]
            for row, item in enumerate(items):
                found[row, known] = np.where(places == item, weights, 0.0).sum(axis=1)
        return found
