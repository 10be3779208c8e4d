"""Items that nobody has chosen yet: how well they are found by their texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.training.fitting.prediction import predicted
from services.training.models.base_models import base_path
from services.training.models.text_encoder import TextEncoder
from services.training.tasks.recommendation.examples import Example, collate
from services.training.tasks.recommendation.model import ItemTowerModel
from shared.artifacts.layout import MINILM
from shared.tasks.recommendation.histories import History, Visit
from shared.tasks.recommendation.reader import OUTPUT, RecommendingReader
from shared.tasks.recommendation.record import ItemRow
from shared.tasks.recommendation.signals import Wish, decay
from tests.load.recommendation_data import Cut

DEPTH = 50
METHODS = ("popularity", "untuned", "tuned", "model")

#: After how many further items one has half as much to say.
_HALF_LIFE = 5.0

Train = Callable[[Sequence[dict[str, Any]]], RecommendingReader]


class _Case(NamedTuple):
    """A hidden item that somebody chose, and what of the others had been chosen before."""

    before: tuple[Visit, ...]
    target: ItemRow


def cold_figures(one: Cut, train: Train) -> dict[str, Any]:
    """Hide a tenth of the items, train without them, and look for them.

    Args:
        one: A set.
        train: A job on records.
    """
    items = {visit.item.item_id: visit.item for row in one.rows for visit in _all(row)}
    chance = np.random.default_rng(0)
    hidden = {str(item) for item in chance.permutation(sorted(items))[: len(items) // 10]}
    cases = [case for row in one.rows if (case := _case(row, hidden)) is not None]
    shown = [record for record in one.records if record["item_id"] not in hidden]
    with closing(train(shown)) as reader:
        return {"items": len(hidden), "choices": len(cases)} | _found(reader, list(items.values()), hidden, cases)


def _found(
    reader: RecommendingReader, items: Sequence[ItemRow], hidden: set[str], cases: Sequence[_Case]
) -> dict[str, Any]:
    shelf = reader.shelf(items)
    as_it_is = embedded(base_path(MINILM), [item.text for item in items])
    is_hidden = np.array([item.item_id in hidden for item in items])
    counts, popularity = _popularity(reader, items), _seen(reader, items)
    hits: dict[str, dict[str, list[bool]]] = {part: {method: [] for method in METHODS} for part in ("all", "hidden")}
    for case in cases:
        history = np.array([shelf.places[visit.item.item_id] for visit in case.before], np.int32)
        weights = decay(len(history), _HALF_LIFE)
        scores = {
            "popularity": counts,
            "untuned": as_it_is @ (weights @ as_it_is[history]),
            "tuned": shelf.vectors @ (weights @ shelf.vectors[history]),
            "model": np.full(len(items), -np.inf, np.float32),
        }
        rows, ranked = reader.ranking.ranked(shelf, Wish(history, popularity), np.arange(len(items), dtype=np.int32))
        scores["model"][rows] = ranked
        target = shelf.places[case.target.item_id]
        for method in METHODS:
            mine = np.array(scores[method], np.float64)
            mine[history] = -np.inf
            for part, among in (("all", np.ones(len(items), bool)), ("hidden", is_hidden)):
                hits[part][method].append(_is_found(mine, target, among))
    figures = {part: {method: 100 * float(np.mean(found)) for method, found in of.items()} for part, of in hits.items()}
    figures["hidden"]["popularity"] = 100 * min(1.0, DEPTH / len(hidden))  # it knows nothing of them: by chance
    return figures


def _is_found(scores: NDArray[np.floating], target: int, among: NDArray[np.bool_]) -> bool:
    return int((scores[among] >= scores[target]).sum()) <= DEPTH


def embedded(folder: Path, texts: Sequence[str]) -> NDArray[np.float32]:
    """Texts by an encoder as it is."""
    encoder, model = TextEncoder.load(folder, 128), ItemTowerModel.load(folder, None, 0.0)
    examples = [Example(tuple(encoded.ids)) for encoded in encoder.tokens.encode(texts)]
    return np.stack(predicted(model, examples, collate)[OUTPUT]).astype(np.float32)


def _popularity(reader: RecommendingReader, items: Sequence[ItemRow]) -> NDArray[np.float32]:
    known = dict(zip(reader.learned.item_ids, reader.learned.counts[:, 0], strict=True))
    return np.array([known.get(item.item_id, 0.0) for item in items], np.float32)


def _seen(reader: RecommendingReader, items: Sequence[ItemRow]) -> NDArray[np.float32]:
    seen = dict(zip(reader.learned.item_ids, reader.learned.popularity().seen(), strict=True))
    nothing = np.zeros(reader.learned.counts.shape[1], np.float32)
    return np.stack([seen.get(item.item_id, nothing) for item in items])


def _all(row: History) -> tuple[Visit, ...]:
    return row.visits if row.target is None else (*row.visits, row.target)


def _case(row: History, hidden: set[str]) -> _Case | None:
    """The last hidden item that somebody chose after some that are not."""
    visits = _all(row)
    for place in range(len(visits) - 1, 0, -1):
        if visits[place].item.item_id in hidden:
            before = tuple(visit for visit in visits[:place] if visit.item.item_id not in hidden)
            return _Case(before, visits[place].item) if before else None
    return None
