"""Why items are offered: what speaks loudest for each, with the evidence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.recommendation.live_catalog import LiveCatalog
from shared.contracts.knowledge.recommendation import Reason
from shared.tasks.recommendation.neighbours import Floats, Ints
from shared.tasks.recommendation.popularity import WIDTH
from shared.tasks.recommendation.signals import MAX_HISTORY, Wish, decay

#: Items of a person that are given as evidence.
_EVIDENCE = 3
#: After how many further items one has half as much to say as evidence.
_HALF_LIFE = 5.0
#: Likeness from which on a text says why.
_ALIKE = 0.3
#: Of ``Popularity``: the counts of a season.
_SEASON = 2


def reasons(catalog: LiveCatalog, rows: Ints, wish: Wish, query: Floats | None) -> list[Reason]:
    """What speaks for some items: who asked by a text is told how like it they are, others what they chose that led here.

    Args:
        catalog: Has the items.
        rows: [k], those that are offered.
        wish: Who is asking.
        query: [d], the vector of the text that was asked by.
    """
    vectors, popular = catalog.shelf.vectors[rows], _popular(wish, rows)
    if query is not None:
        likeness = vectors @ query
        return [
            Reason(kind="query", likeness=_rounded(like), popularity=often)
            for like, often in zip(likeness, popular, strict=True)
        ]
    history = wish.history[-MAX_HISTORY:]
    said, likeness = _said(catalog, rows, history), vectors @ catalog.shelf.vectors[history].T
    itself = rows[:, None] == history[None, :]  # an item that is offered again is no evidence for itself
    said, likeness = np.where(itself, 0.0, said), np.where(itself, -1.0, likeness)
    return [_reason(catalog, history, said[place], likeness[place], often) for place, often in enumerate(popular)]


def _reason(catalog: LiveCatalog, history: Ints, said: Floats, likeness: Floats, popular: float | None) -> Reason:
    most = float(likeness.max(initial=-1.0))
    alike = _rounded(most) if most > -1.0 else None
    if said.any():
        loud = [place for place in np.argsort(-said, kind="stable")[: 2 * _EVIDENCE] if said[place] > 0]
        return Reason(kind="behaviour", items=_ids(catalog, history, loud), likeness=alike, popularity=popular)
    if most >= _ALIKE:
        near = [place for place in np.argsort(-likeness, kind="stable")[: 2 * _EVIDENCE] if likeness[place] >= _ALIKE]
        return Reason(kind="likeness", items=_ids(catalog, history, near), likeness=alike, popularity=popular)
    return Reason(kind="popularity", popularity=popular)


def _said(catalog: LiveCatalog, rows: Ints, history: Ints) -> Floats:
    """[k, h]: how much each item of a history speaks for each that is offered: what is bought together, or else soon after."""
    weights = decay(len(history), _HALF_LIFE)
    together = catalog.shelf.goes_with.said(rows, history, weights)
    after = catalog.shelf.follows.said(rows, history, weights)
    loud = np.any(together > 0, axis=1)
    return np.where(loud[:, None], together, after)


def _popular(wish: Wish, rows: Ints) -> list[float | None]:
    if wish.popularity.shape[1] != WIDTH:
        return [None] * len(rows)
    return [round(float(often), 3) for often in np.expm1(wish.popularity[rows, _SEASON])]


def _ids(catalog: LiveCatalog, history: Ints, places: Sequence[int]) -> tuple[str, ...]:
    items = (catalog.item(int(history[place])) for place in places)
    return tuple(item.item_id for item in items if item is not None)[:_EVIDENCE]


def _rounded(value: float) -> float:
    return round(float(value), 4)
