"""How well what was chosen next is foretold: each target among all items that anybody chose."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from services.training.data.splitting import thinned
from services.training.fitting.prediction import predicted
from services.training.reporting.figures import Evaluation
from services.training.reporting.retrieval import ranks, retrieval_scores
from services.training.tasks.recommendation.examples import Example, collate
from services.training.tasks.recommendation.model import ItemTowerModel
from shared.tasks.recommendation.histories import History
from shared.tasks.recommendation.neighbours import Floats, Ints
from shared.tasks.recommendation.popularity import at_times
from shared.tasks.recommendation.reader import OUTPUT
from shared.tasks.recommendation.record import ItemRow

QUALITY = ("ndcg_at_10",)
DEPTH = 10

#: People whose next choice is foretold at most: more would only cost time.
MOST_JUDGED = 5_000

Rank = Callable[[Ints, Floats], tuple[Ints, Floats]]
"""Rows of items and their scores, of a history and of the popularity of its time; items that are left out are not offered."""


class Judged(NamedTuple):
    """Somebody whose next choice is known.

    Attributes:
        person: Whose history it is, as a place among all.
        history: Rows of items, oldest first.
        right: The row of what came next.
        popularity: At the time of the last item.
    """

    person: int
    history: Ints
    right: int
    popularity: Floats


class Audience:
    """People and the items that they chose, as rows.

    Args:
        rows: Everybody's history; those with a target are judged.
    """

    def __init__(self, rows: Sequence[History]) -> None:
        items = {visit.item.item_id: visit.item for row in rows for visit in row.visits}
        self.items: list[ItemRow] = list(items.values())
        self.places = {item_id: place for place, item_id in enumerate(items)}
        self.chosen = [np.array([self.places[visit.item.item_id] for visit in row.visits], np.int32) for row in rows]
        self._rows = rows
        self._events = [
            (visit.at, int(place))
            for row, places in zip(rows, self.chosen, strict=True)
            for visit, place in zip(row.visits, places, strict=True)
        ]

    def judged(self, most: int = MOST_JUDGED) -> Iterator[Judged]:
        """Those whose target somebody has chosen before, in order of time."""
        targets = {
            number: self.places[row.target.item.item_id]
            for number, row in enumerate(self._rows)
            if row.target is not None and row.target.item.item_id in self.places
        }
        kept = thinned(list(targets), most)
        times = [self._rows[number].now for number in kept]
        for place, popularity in at_times(len(self.items), self._events, times):
            yield Judged(kept[place], self.chosen[kept[place]], targets[kept[place]], popularity)

    def counts(self) -> Floats:
        """[n]: how often each item was chosen."""
        told = np.concatenate(self.chosen) if self.chosen else np.zeros(0, np.int32)
        return np.bincount(told, minlength=len(self.items)).astype(np.float32)

    @property
    def latest(self) -> float:
        """The time of the last choice."""
        return max((at for at, _ in self._events), default=0.0)

    @property
    def events(self) -> list[tuple[float, int]]:
        """When which item was chosen."""
        return self._events


def found_ranks(audience: Audience, rank: Rank) -> list[int]:
    """Where the right item of each judged person stands, from 1; of equal scores the wrong one stands first."""
    found = []
    for one in audience.judged():
        rows, scores = rank(one.history, one.popularity)
        scores = np.where(np.isin(rows, one.history), -np.inf, scores)
        here = np.flatnonzero(rows == one.right)
        found.append(int((scores >= scores[here[0]]).sum()) if len(here) else len(audience.items) + 1)
    return found


def evaluated(found: Sequence[int]) -> Evaluation:
    """``ndcg_at_10`` and ``recall_at_10`` of some ranks."""
    if not found:
        return Evaluation(0, {}, {})
    places = np.array(found)
    gains = np.where(places <= DEPTH, 1 / np.log2(places + 1), 0.0)
    scores = {"ndcg_at_10": float(gains.mean()), "recall_at_10": float((places <= DEPTH).mean())}
    return Evaluation(len(found), scores, {})


def by_popularity(rows: Sequence[History]) -> Evaluation:
    """What the most chosen items alone would find."""
    audience = Audience(rows)
    counts, everything = audience.counts(), np.arange(len(audience.items), dtype=np.int32)
    return evaluated(found_ranks(audience, lambda _history, _popularity: (everything, counts)))


def quick_scores(model: ItemTowerModel, examples: Sequence[Example]) -> dict[str, float]:
    """``mrr`` of what was chosen next among the next of all examples, by the texts alone, 0..1."""
    texts = list(dict.fromkeys(text for example in examples for text in example.texts))
    wanted = [Example(ids) for ids in (*(example.tokens for example in examples), *texts)]
    vectors = np.stack(predicted(model, wanted, collate)[OUTPUT])
    first, second = vectors[: len(examples)], vectors[len(examples) :]
    places = {text: place for place, text in enumerate(texts)}
    right = np.zeros((len(examples), len(texts)), dtype=bool)
    for row, example in enumerate(examples):
        right[row, places[example.texts[0]]] = True
    return {"mrr": retrieval_scores(ranks(list(first @ second.T), list(right)))["mrr"]}
