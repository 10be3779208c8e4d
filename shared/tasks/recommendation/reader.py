"""Serves models of recommendation: a tower that reads items, one that reads histories, and a ranker, each a graph."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np

from shared.artifacts.bundle import Bundle
from shared.contracts.training.tasks import TaskName
from shared.errors import BrokenArtifact
from shared.inference.graph_reader import WARM_UP, GraphReader
from shared.inference.predictor import Parts, Prediction
from shared.inference.session import CPU, OpenGraph, open_session
from shared.tasks.recommendation.learned import CATALOG, Learned, text_hash
from shared.tasks.recommendation.neighbours import Floats, Ints
from shared.tasks.recommendation.record import Input, ItemRow
from shared.tasks.recommendation.retrieval import candidates
from shared.tasks.recommendation.shelf import Shelf, attributes
from shared.tasks.recommendation.signals import COLUMNS, MAX_HISTORY, Wish, signals

OUTPUT = "sentence_embedding"
"""Of the item tower's graph: [b, d], of length 1."""

USER_TOWER = "user.onnx"
"""``vectors`` [1, h, d], oldest first, in; ``wanted`` [1, d], of length 1, out."""
RANKER = "ranker.onnx"
"""``signals`` [n, COLUMNS] in; ``scores`` [n] out."""


class ItemTower(GraphReader):
    """Reads the texts of items; of a long one the beginning."""

    def embed(self, texts: Sequence[str]) -> Floats:
        """[n, d], of length 1."""
        found = self.runner.each(self.tokens.encode(texts))
        vectors = np.zeros((len(texts), self.manifest.embedding_size), np.float32)
        for row, outputs in enumerate(found):
            if outputs is not None:
                vectors[row] = outputs[OUTPUT]
        return vectors

    def read_of(self, text: str | None) -> int:
        """Tokens that are read of a text."""
        return 0 if text is None else len(self.tokens.encode([text])[0].ids)


class Ranking:
    """The user tower and the ranker, in a folder.

    Args:
        folder: Of a bundle.
    """

    def __init__(self, folder: Path) -> None:
        self._user = OpenGraph(open_session(folder / USER_TOWER))
        self._ranker = OpenGraph(open_session(folder / RANKER))

    def wanted(self, seen: Floats) -> Floats:
        """The vector [d] of what is wanted next, of those [h, d] of a history."""
        found: Floats = self._user.run(["wanted"], {"vectors": seen[None]})[0][0]
        return found

    def scores(self, columns: Floats) -> Floats:
        """[n] of signals [n, COLUMNS]."""
        return self._ranker.run(["scores"], {"signals": columns})[0]

    def ranked(
        self, shelf: Shelf, wish: Wish, among: Ints | None = None, query: Floats | None = None
    ) -> tuple[Ints, Floats]:
        """Rows of items and their scores, in no order: all items of a small catalog, or those worth it of a large one.

        Args:
            shelf: The items.
            wish: Who is asking.
            among: The only ones that count.
            query: [d], the vector of a text; items like it are worth ranking too.
        """
        history = wish.history[-MAX_HISTORY:]
        if among is None:
            directions = shelf.vectors[history[-1:]]
            if len(history):
                directions = np.concatenate([directions, self.wanted(shelf.vectors[history])[None]])
            if query is not None:
                directions = np.concatenate([directions, query[None]])
            among = candidates(shelf, wish, directions)
        rows = np.arange(len(shelf), dtype=np.int32) if among is None else among
        return rows, self.scores(signals(shelf, wish, self.wanted, among))

    def close(self) -> None:
        """Free the graphs."""
        self._user.close()
        self._ranker.close()


class RecommendingReader:
    """A model of recommendation. Safe to use from many threads at once.

    Args:
        parts: Of the item tower; closed with the reader.
        ranking: The two other graphs; closed with it.
        learned: What the model knows of the items that it was trained on.

    Raises:
        BrokenArtifact: The graphs do not fit together.
    """

    def __init__(self, parts: Parts, ranking: Ranking, learned: Learned) -> None:
        self._tower = ItemTower(parts)
        self.ranking = ranking
        self.learned = learned
        self._places = {item_id: row for row, item_id in enumerate(learned.item_ids)}
        self._own_shelf: Shelf | None = None
        size = self._tower.manifest.embedding_size
        if learned.vectors.shape[1] != size:
            raise BrokenArtifact(f"the items of {self.model_id} have vectors of another size than its graph gives")
        vector = self._tower.embed([WARM_UP])
        scores = ranking.scores(np.zeros((2, COLUMNS), np.float32))
        if vector.shape != (1, size) or scores.shape != (2,) or ranking.wanted(vector).shape != (size,):
            raise BrokenArtifact(f"the graphs of {self.model_id} do not fit together")

    @classmethod
    def from_bundle(cls, bundle: Bundle, *, threads: int = 1, providers: Sequence[str] = CPU) -> Self:
        """Load a bundle.

        Raises:
            BrokenArtifact: Its files do not fit together.
            SettingsError: The first provider is not there.
        """
        for name in (USER_TOWER, RANKER):
            bundle.path(name)
        learned = Learned.load(bundle.path(CATALOG))
        return cls(Parts.of(bundle, threads=threads, providers=providers), Ranking(bundle.folder), learned)

    @property
    def model_id(self) -> str:
        """The id of the model."""
        return self._tower.model_id

    @property
    def task(self) -> TaskName:
        """What it was trained for."""
        return self._tower.task

    @property
    def width(self) -> int:
        """Of its vectors."""
        return self._tower.manifest.embedding_size

    def embed(self, texts: Sequence[str]) -> Floats:
        """[n, d], of length 1."""
        return self._tower.embed(texts)

    def vectors(self, items: Sequence[ItemRow]) -> Floats:
        """[n, d]: those that the model has of texts that are still the same, and those of all others read anew."""
        found = np.zeros((len(items), self.width), np.float32)
        unread = []
        for row, item in enumerate(items):
            place = self._places.get(item.item_id)
            if place is not None and self.learned.hashes[place].tobytes() == text_hash(item.text):
                found[row] = self.learned.vectors[place]
            else:
                unread.append(row)
        if unread:
            found[unread] = self.embed([items[row].text for row in unread])
        return found

    def shelf(self, items: Sequence[ItemRow], vectors: Floats | None = None) -> Shelf:
        """Items, known or new, as the model sees them."""
        places = {item.item_id: row for row, item in enumerate(items)}
        to = np.array([places.get(one, -1) for one in self.learned.item_ids], np.int32)
        categories, count, prices = attributes(items)
        return Shelf(
            places=places,
            vectors=self.vectors(items) if vectors is None else vectors,
            categories=categories,
            category_count=count,
            prices=prices,
            goes_with=self.learned.goes_with.moved(to, len(items)),
            follows=self.learned.follows.moved(to, len(items)),
            chosen=self._chosen(to, len(items)),
        )

    def _chosen(self, to: Ints, count: int) -> Floats:
        found = np.zeros(count, np.float32)
        here = to >= 0
        found[to[here]] = np.log1p(self.learned.counts[here, 0])
        return found

    def predict(self, rows: Sequence[Input]) -> list[Prediction]:
        """``{"items": [{"item_id", "score"}]}``: what comes next after each history, of the items that the model was trained on."""
        shelf = self._shelf_of_its_own()
        popularity = self.learned.popularity().seen()
        return [self._answer(shelf, popularity, row) for row in rows]

    def _answer(self, shelf: Shelf, popularity: Floats, row: Input) -> Prediction:
        history = shelf.known(row.history)
        query = None if row.query is None else self.embed([row.query])[0]
        found, scores = self.ranking.ranked(shelf, Wish(history, popularity), query=query)
        if query is not None:
            scores = by_query(scores, shelf.vectors[found] @ query)
        scores = np.where(np.isin(found, history), -np.inf, scores)
        best = np.argsort(-scores, kind="stable")[: row.n]
        ids = self.learned.item_ids
        told = [{"item_id": ids[found[one]], "score": float(scores[one])} for one in best if np.isfinite(scores[one])]
        return Prediction({"items": told}, self._tower.read_of(row.query))

    def _shelf_of_its_own(self) -> Shelf:
        if self._own_shelf is None:
            items = [ItemRow(item_id=one, text="-") for one in self.learned.item_ids]
            self._own_shelf = self.shelf(items, self.learned.vectors.astype(np.float32))
        return self._own_shelf

    def close(self) -> None:
        """Free what the model holds."""
        self._tower.close()
        self.ranking.close()


#: How much more the likeness to a text that somebody asks by counts than all else.
_QUERY_WEIGHT = 12.0


def by_query(scores: Floats, likeness: Floats) -> Floats:
    """Scores where a text was asked by: likeness first, and among items alike what somebody would choose."""
    spread = float(scores.std()) or 1.0
    found: Floats = (_QUERY_WEIGHT * likeness + (scores - scores.mean()) / spread / 2).astype(np.float32)
    return found
