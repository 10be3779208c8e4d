"""What is worth offering to somebody: pure; the catalog and the person are handed in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.recommendation.live_catalog import LiveCatalog
from services.recommendation.person import Person
from services.recommendation.reasons import reasons
from shared.contracts.knowledge.recommendation import OfferedItem, Reason, RecommendItems
from shared.errors import NotFound
from shared.tasks.recommendation.diversity import POOL, unlike
from shared.tasks.recommendation.filters import compiled
from shared.tasks.recommendation.neighbours import Floats, Ints
from shared.tasks.recommendation.reader import by_query
from shared.tasks.recommendation.retrieval import RANKED_WHOLE
from shared.tasks.recommendation.signals import Wish

#: Items whose texts are most like one, of which others like it are chosen in a large catalog.
_ALIKE = 1_000


def offer(catalog: LiveCatalog, asked: RecommendItems, who: Person, now: float) -> tuple[OfferedItem, ...]:
    """What to offer, best first.

    Args:
        catalog: In step with the database.
        asked: The question.
        who: Is asking.
        now: Unix seconds.

    Raises:
        NotFound: There is no such item to find others like.
        InvalidInput: The filter is none.
    """
    if asked.similar_to is not None:
        return _like(catalog, asked, now)
    history, popularity = catalog.rows(who.history), catalog.popularity(now)
    allowed = _allowed(catalog, asked.filters)
    allowed[catalog.rows(tuple(who.refused))] = False
    if asked.exclude_seen:
        allowed[catalog.rows(tuple(who.seen))] = False
    wish = Wish(history, popularity, catalog.popular(now))
    query = None if asked.query is None else catalog.embed([asked.query])[0]
    rows, scores = _ranked(catalog, wish, allowed, query, asked.n)
    if query is not None:
        scores = by_query(scores, catalog.shelf.vectors[rows] @ query)
    best = _best(catalog, rows, scores, asked)
    return _told(catalog, asked, best, wish, query)


def _allowed(catalog: LiveCatalog, filters: Mapping[str, Any] | None) -> NDArray[np.bool_]:
    if not filters:
        return catalog.offered("", None).copy()
    return catalog.offered(json.dumps(filters, sort_keys=True), compiled(filters)).copy()


def _ranked(
    catalog: LiveCatalog, wish: Wish, allowed: NDArray[np.bool_], query: Floats | None, wanted: int
) -> tuple[Ints, Floats]:
    """Rows that may be offered, with their scores; of many those alone that are worth it, unless they are too few."""
    if len(catalog) <= RANKED_WHOLE or np.count_nonzero(allowed) > RANKED_WHOLE:
        rows, scores = catalog.ranked(catalog.shelf, wish, None, query)
        here = allowed[rows]
        if len(rows) == len(catalog) or here.sum() >= wanted:
            return rows[here], scores[here]
    return catalog.ranked(catalog.shelf, wish, np.flatnonzero(allowed).astype(np.int32), query)


def _like(catalog: LiveCatalog, asked: RecommendItems, now: float) -> tuple[OfferedItem, ...]:
    """Others like an item: by its text, and by who chose both."""
    row = catalog.place(asked.similar_to or "")
    if row is None:
        raise NotFound(f"No item {asked.similar_to!r} in the catalog {asked.catalog!r}.", param="item_id")
    allowed, shelf = _allowed(catalog, asked.filters), catalog.shelf
    allowed[row] = False
    history = np.array([row], np.int32)
    rows = np.flatnonzero(allowed).astype(np.int32)
    if len(rows) > RANKED_WHOLE:
        beside = shelf.goes_with.places[history[history < len(shelf.goes_with)]].ravel()
        near = np.unique(np.concatenate([shelf.nearest(shelf.vectors[row], _ALIKE), beside]))
        rows = near[allowed[near]] if allowed[near].sum() >= asked.n else rows
    together = shelf.goes_with.scores(history, np.ones(1, np.float32), len(shelf))
    scores = shelf.vectors[rows] @ shelf.vectors[row] + together[rows] / max(float(together.max(initial=0.0)), 1e-9)
    best = _best(catalog, rows, scores.astype(np.float32), asked)
    return _told(catalog, asked, best, Wish(history, catalog.popularity(now)), None)


def _best(catalog: LiveCatalog, rows: Ints, scores: Floats, asked: RecommendItems) -> list[tuple[int, float]]:
    """The best rows; with diversity, those among them that are unlike one another."""
    if not len(rows):
        return []
    pool = min(len(rows), asked.n if asked.diversity == 0 else asked.n * POOL)
    order = np.argpartition(-scores, pool - 1)[:pool]
    order = order[np.lexsort((rows[order], -scores[order]))]
    if asked.diversity == 0:
        return [(int(rows[one]), float(scores[one])) for one in order]
    kept = unlike(catalog.shelf.vectors[rows[order]], scores[order], asked.n, asked.diversity)
    return [(int(rows[one]), float(scores[one])) for one in order[kept]]


def _told(
    catalog: LiveCatalog, asked: RecommendItems, best: Sequence[tuple[int, float]], wish: Wish, query: Floats | None
) -> tuple[OfferedItem, ...]:
    rows = np.array([row for row, _ in best], np.int32)
    why: Sequence[Reason | None] = reasons(catalog, rows, wish, query) if asked.explain else [None] * len(best)
    items = ((catalog.item(row), score) for row, score in best)
    return tuple(
        OfferedItem(item_id=item.item_id, score=score, title=item.title, reason=reason)
        for (item, score), reason in zip(items, why, strict=True)
        if item is not None
    )
