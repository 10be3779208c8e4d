"""What there is to offer, as arrays: one row for each item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from shared.tasks.recommendation.neighbours import Floats, Ints, Neighbours
from shared.tasks.recommendation.record import ItemRow
from shared.tasks.recommendation.vector_index import VectorIndex

CATEGORIES = 4
"""Categories of an item that count."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Items, and what a model knows of them.

    Attributes:
        places: The row of each item, by its id.
        vectors: [n, d] of their texts, of length 1.
        categories: [n, 4], numbers of categories from 1 on; 0 stands for none.
        category_count: How many there are.
        prices: [n], logarithms; NaN where there is none.
        goes_with: What people choose together, item by item.
        follows: What people choose soon after one another.
        chosen: [n], the logarithm of how often each item was chosen in what the model learned from.
        index: Of most vectors; without it all are looked at.
        unindexed: Rows of those that are not in it, or have changed since.
    """

    places: Mapping[str, int]
    vectors: Floats
    categories: Ints
    category_count: int
    prices: Floats
    goes_with: Neighbours
    follows: Neighbours
    chosen: Floats
    index: VectorIndex | None = None
    unindexed: Ints | None = None

    def __len__(self) -> int:
        return len(self.vectors)

    def known(self, item_ids: Sequence[str]) -> Ints:
        """The rows of those items that are there, in order."""
        return np.array([self.places[one] for one in item_ids if one in self.places], np.int32)

    def nearest(self, wanted: Floats, most: int) -> Ints:
        """Rows of items whose texts are most like a vector [d], in no order; those of the index and the others may be both."""
        if self.index is None:
            return first(self.vectors @ wanted, most)
        rows = self.index.nearest(wanted, most)
        if self.unindexed is None or not len(self.unindexed):
            return rows
        fresh = self.unindexed[first(self.vectors[self.unindexed] @ wanted, most)]
        return np.concatenate([rows, fresh])


def first(scores: Floats, most: int) -> Ints:
    """The places of the highest scores, in no order."""
    if len(scores) <= most:
        return np.arange(len(scores), dtype=np.int32)
    return np.argpartition(scores, -most)[-most:].astype(np.int32)


def attributes(items: Sequence[ItemRow]) -> tuple[Ints, int, Floats]:
    """``categories``, ``category_count`` and ``prices`` of a shelf."""
    names: dict[str, int] = {}
    found, prices = np.zeros((len(items), CATEGORIES), np.int32), np.full(len(items), np.nan, np.float32)
    for row, item in enumerate(items):
        found[row], prices[row] = attributes_of(item, names)
    return found, len(names), prices


def attributes_of(item: ItemRow, names: dict[str, int]) -> tuple[list[int], float]:
    """The categories and the price of an item, in the form of a shelf.

    Args:
        item: The item.
        names: The number of each category; new ones are added.
    """
    numbers = [names.setdefault(name, len(names) + 1) for name in item.categories[:CATEGORIES]]
    price = float("nan") if item.price is None else float(np.log1p(item.price))
    return numbers + [0] * (CATEGORIES - len(numbers)), price
