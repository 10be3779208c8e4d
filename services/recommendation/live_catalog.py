"""A catalog in memory, in step with the database: items as arrays that grow, and counts of what is popular now."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommendation import untrained
from services.recommendation.growing_index import GrowingIndex, Submit
from shared.tasks.recommendation.filters import Holds
from shared.tasks.recommendation.histories import is_liked
from shared.tasks.recommendation.neighbours import Floats, Ints, Neighbours
from shared.tasks.recommendation.popularity import WIDTH, Popularity
from shared.tasks.recommendation.reader import RecommendingReader
from shared.tasks.recommendation.record import EventRow, ItemRow
from shared.tasks.recommendation.retrieval import most_popular
from shared.tasks.recommendation.shelf import CATEGORIES, Shelf, attributes_of
from shared.tasks.recommendation.signals import Wish

#: Filters whose items are remembered.
_FILTERS = 64
#: Seconds after which counts that nobody added to are seen faded.
_FADING = 60.0


@dataclass(slots=True)
class _Counts:
    """Popularity, what is seen of it, and which items are first by it, once that was asked."""

    popularity: Popularity
    seen: Floats
    seen_at: float = 0.0
    events: int = 0
    popular: Ints | None = None


class LiveCatalog:
    """Not safe for use from several threads at once.

    The items that the model was trained on stand first, in its order, whether they are still there or not; so the tables of the
    model hold without being moved. Others follow as they come.

    Args:
        epoch: Of the catalog when it was read.
        reader: The model, if one is in production.
    """

    def __init__(self, epoch: int, reader: RecommendingReader | None) -> None:
        self.epoch = epoch
        self.reader = reader
        known = [] if reader is None else list(reader.learned.item_ids)
        self._places: dict[str, int] = {item_id: row for row, item_id in enumerate(known)}
        self._items: list[ItemRow | None] = [None] * len(known)
        self._names: dict[str, int] = {}
        width = untrained.WIDTH if reader is None else reader.width
        self._vectors = np.zeros((len(known), width), np.float32)
        self._categories = np.zeros((len(known), CATEGORIES), np.int32)
        self._prices = np.full(len(known), np.nan, np.float32)
        self._available = np.zeros(len(known), bool)
        self._chosen = np.zeros(len(known), np.float32)
        if reader is not None:
            self._chosen = np.log1p(reader.learned.counts[:, 0]).astype(np.float32)
        self._strong, self._weak = (
            _Counts(Popularity(len(known)), np.zeros((len(known), WIDTH), np.float32)) for _ in range(2)
        )
        self._filtered: OrderedDict[str, NDArray[np.bool_]] = OrderedDict()
        self._index = GrowingIndex()
        self._shelf: Shelf | None = None

    def __len__(self) -> int:
        return len(self._items)

    @property
    def model_id(self) -> str | None:
        """The model that ranks."""
        return None if self.reader is None else self.reader.model_id

    @property
    def shelf(self) -> Shelf:
        """The items as a ranker sees them."""
        if self._shelf is None:
            self._shelf = self._as_shelf()
        return self._shelf

    def _as_shelf(self) -> Shelf:
        count = len(self._items)
        tables = (Neighbours.none(0),) * 2
        if self.reader is not None:
            tables = (self.reader.learned.goes_with, self.reader.learned.follows)
        return Shelf(
            self._places,
            self._vectors[:count],
            self._categories[:count],
            len(self._names),
            self._prices[:count],
            *tables,
            self._chosen[:count],
            self._index.built,
            self._index.beside(),
        )

    def keep_index(self, submit: Submit) -> None:
        """See to it that a large catalog has an index of its vectors, made by ``submit`` in another thread."""
        if self._index.keep(self._vectors[: len(self)], submit):
            self._shelf = None

    def embed(self, texts: Sequence[str]) -> Floats:
        """[n, d] of texts, like those of items."""
        return untrained.vectors(texts) if self.reader is None else self.reader.embed(texts)

    def vectors(self, items: Sequence[ItemRow]) -> Floats:
        """[n, d] of items; nothing is changed, so that it may be called from another thread."""
        if self.reader is None:
            return untrained.vectors([item.text for item in items])
        return self.reader.vectors(items)

    def put(self, items: Sequence[ItemRow], vectors: Floats, gone: Sequence[str]) -> None:
        """Items that are new or have changed with their vectors, and ids of those that are there no more."""
        for item, vector in zip(items, vectors, strict=True):
            row = self._row(item.item_id)
            self._items[row] = item
            self._available[row] = item.available
            self._categories[row], self._prices[row] = attributes_of(item, self._names)
            self._vectors[row] = vector
            self._index.changed(row)
        for item_id in gone:
            row = self._row(item_id)
            self._items[row], self._available[row] = None, False
        self._filtered.clear()
        self._shelf = None

    def count(self, events: Sequence[EventRow]) -> None:
        """Events that came in: what was bought or liked is popular; where nothing is bought, what is looked at."""
        for counts, weigh in ((self._strong, _liked), (self._weak, _looked_at)):
            told = [
                (self._places[one.item_id], one.timestamp, weigh(one)) for one in events if one.item_id in self._places
            ]
            told = [one for one in told if one[2]]
            if told:
                rows, times, weights = (np.array(column) for column in zip(*told, strict=True))
                counts.popularity.add_all(rows.astype(np.int32), times.astype(np.float64), weights.astype(np.float64))
                counts.events += len(told)
                counts.popular = None
                if len(counts.seen) == len(self):
                    counts.seen[rows] = counts.popularity.seen(rows)

    def popularity(self, now: float) -> Floats:
        """[n, WIDTH] as ``Popularity.seen`` has it."""
        counts = self._strong if self._strong.events else self._weak
        if counts.seen_at + _FADING < now or len(counts.seen) != len(self):
            counts.popularity.forward(now)
            counts.seen, counts.seen_at, counts.popular = counts.popularity.seen()[: len(self)], now, None
        return counts.seen

    def popular(self, now: float) -> Ints:
        """Rows of the most popular items."""
        seen, counts = self.popularity(now), self._strong if self._strong.events else self._weak
        if counts.popular is None:
            counts.popular = most_popular(seen)
        return counts.popular

    def ranked(self, shelf: Shelf, wish: Wish, among: Ints | None, query: Floats | None) -> tuple[Ints, Floats]:
        """Rows of items and their scores, by the model, or by what is known without one; see ``Ranking.ranked``."""
        ranked = untrained.ranked if self.reader is None else self.reader.ranking.ranked
        return ranked(shelf, wish, among, query)

    def place(self, item_id: str) -> int | None:
        """The row of an item that is there."""
        row = self._places.get(item_id)
        return None if row is None or self._items[row] is None else row

    def rows(self, item_ids: Sequence[str]) -> Ints:
        """The rows of those items that the model or the catalog knows, in order."""
        return np.array([self._places[one] for one in item_ids if one in self._places], np.int32)

    def item(self, row: int) -> ItemRow | None:
        """The item in a row."""
        return self._items[row]

    def offered(self, key: str, holds: Holds | None) -> NDArray[np.bool_]:
        """[n]: which items may be offered.

        Args:
            key: Of the filter.
            holds: The filter.
        """
        if holds is None:
            return self._available[: len(self)]
        found = self._filtered.get(key)
        if found is None or len(found) != len(self):
            pairs = zip(self._items, self._available, strict=False)
            found = np.array([item is not None and here and holds(item) for item, here in pairs], bool)
            self._filtered[key] = found
            if len(self._filtered) > _FILTERS:
                self._filtered.popitem(last=False)
        return found

    def close(self) -> None:
        """Free the model."""
        if self.reader is not None:
            self.reader.close()

    def _row(self, item_id: str) -> int:
        row = self._places.get(item_id)
        if row is not None:
            return row
        row = self._places[item_id] = len(self._items)
        self._items.append(None)
        if row >= len(self._vectors):
            self._grow(max(1_024, 2 * row))
        for counts in (self._strong, self._weak):
            if row >= len(counts.popularity.counts):
                counts.popularity.counts = _longer(counts.popularity.counts, max(1_024, 2 * row))
        return row

    def _grow(self, size: int) -> None:
        self._vectors, self._categories = _longer(self._vectors, size), _longer(self._categories, size)
        self._prices, self._available = _longer(self._prices, size, np.nan), _longer(self._available, size)
        self._chosen = _longer(self._chosen, size)


def _longer(array: NDArray, size: int, fill: float = 0) -> NDArray:  # type: ignore[type-arg]  # of any kind
    found = np.full((size, *array.shape[1:]), fill, array.dtype)
    found[: len(array)] = array
    return found


def _liked(event: EventRow) -> float:
    if event.type == "return":
        return -1.0
    return 1.0 if is_liked(event) else 0.0


def _looked_at(event: EventRow) -> float:
    return {"view": 1.0, "click": 2.0, "cart": 5.0}.get(event.type, 0.0)
