"""Who is asking, what is worth offering, and why: pure; the catalog and the person's events are handed in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.recommendation import untrained
from services.recommendation.live_catalog import LiveCatalog
from shared.contracts.recommendation import OfferedItem, Reason, RecommendItems
from shared.errors import NotFound
from shared.tasks.recommendation.filters import compiled
from shared.tasks.recommendation.histories import chosen, refused
from shared.tasks.recommendation.neighbours import Floats, Ints
from shared.tasks.recommendation.popularity import WIDTH
from shared.tasks.recommendation.reader import by_query
from shared.tasks.recommendation.record import EventRow
from shared.tasks.recommendation.signals import Wish, decay

#: Items of which the most unlike are chosen, for each that is wanted.
_POOL = 5
#: Items of a person that are given as evidence.
_EVIDENCE = 3
#: After how many further items one has half as much to say as evidence.
_HALF_LIFE = 5.0
#: Likeness from which on a text says why.
_ALIKE = 0.3
#: Of ``Popularity``: the counts of a season.
_SEASON = 2


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of who is asking.

    Attributes:
        history: Ids of items, oldest first.
        seen: Ids of those that were bought or liked.
        refused: Ids of those that are not wanted.
    """

    history: tuple[str, ...]
    seen: frozenset[str]
    refused: frozenset[str]


def person(events: Sequence[EventRow], session: Sequence[str]) -> Person:
    """Of stored events, oldest first, and of what somebody chose just now."""
    everything = [one.item_id for one in chosen(events, weak=True)]
    liked = {one.item_id for one in chosen(events)}
    history = tuple(dict.fromkeys(reversed((*everything, *session))))[::-1]
    return Person(history, frozenset(liked | set(session)), frozenset(refused(events)))


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
    wish = Wish(history, popularity)
    rows, scores = _ranked(catalog, wish, allowed, asked.n)
    query = None if asked.query is None else catalog.embed([asked.query])[0]
    if query is not None:
        scores = by_query(scores, catalog.shelf.vectors[rows] @ query)
    best = _best(catalog, rows, scores, asked)
    return _told(catalog, asked, best, wish, query)


def _allowed(catalog: LiveCatalog, filters: Mapping[str, Any] | None) -> NDArray[np.bool_]:
    if not filters:
        return catalog.offered("", None).copy()
    return catalog.offered(json.dumps(filters, sort_keys=True), compiled(filters)).copy()


def _ranked(catalog: LiveCatalog, wish: Wish, allowed: NDArray[np.bool_], wanted: int) -> tuple[Ints, Floats]:
    """Rows that may be offered, with their scores; of a large catalog those alone that are worth it, unless they are too few."""
    everything = np.flatnonzero(allowed).astype(np.int32)
    if catalog.reader is None:
        return everything, untrained.scores(catalog.shelf, wish)[everything]
    rows, scores = catalog.reader.ranking.ranked(catalog.shelf, wish)
    here = allowed[rows]
    if len(rows) < len(catalog) and here.sum() < min(wanted, len(everything)):
        return catalog.reader.ranking.ranked(catalog.shelf, wish, everything)
    return rows[here], scores[here]


def _like(catalog: LiveCatalog, asked: RecommendItems, now: float) -> tuple[OfferedItem, ...]:
    """Others like an item: by its text, and by who chose both."""
    row = catalog.place(asked.similar_to or "")
    if row is None:
        raise NotFound(f"No item {asked.similar_to!r} in the catalog {asked.catalog!r}.", param="item_id")
    allowed, shelf = _allowed(catalog, asked.filters), catalog.shelf
    allowed[row] = False
    history = np.array([row], np.int32)
    together = shelf.goes_with.scores(history, np.ones(1, np.float32), len(shelf))
    scores = shelf.vectors @ shelf.vectors[row] + together / max(float(together.max(initial=0.0)), 1e-9)
    rows = np.flatnonzero(allowed).astype(np.int32)
    best = _best(catalog, rows, scores[rows].astype(np.float32), asked)
    return _told(catalog, asked, best, Wish(history, catalog.popularity(now)), None)


def _best(catalog: LiveCatalog, rows: Ints, scores: Floats, asked: RecommendItems) -> list[tuple[int, float]]:
    """The best rows; with diversity, chosen one by one, each unlike those before it (Carbonell and Goldstein 1998)."""
    if not len(rows):
        return []
    pool = min(len(rows), asked.n if asked.diversity == 0 else asked.n * _POOL)
    order = np.argpartition(-scores, pool - 1)[:pool]
    order = order[np.lexsort((rows[order], -scores[order]))]
    if asked.diversity == 0:
        return [(int(rows[one]), float(scores[one])) for one in order]
    return _unlike(catalog.shelf.vectors[rows[order]], rows[order], scores[order], asked)


def _unlike(vectors: Floats, rows: Ints, scores: Floats, asked: RecommendItems) -> list[tuple[int, float]]:
    spread = max(float(scores.max() - scores.min()), 1e-9)
    worth = (1 - asked.diversity) * (scores - scores.min()) / spread
    alike, left = np.zeros(len(rows), np.float32), np.ones(len(rows), bool)
    found: list[tuple[int, float]] = []
    while left.any() and len(found) < asked.n:
        place = int(np.where(left, worth - asked.diversity * alike, -np.inf).argmax())
        left[place] = False
        found.append((int(rows[place]), float(scores[place])))
        alike = np.maximum(alike, vectors @ vectors[place])
    return found


def _told(
    catalog: LiveCatalog, asked: RecommendItems, best: Sequence[tuple[int, float]], wish: Wish, query: Floats | None
) -> tuple[OfferedItem, ...]:
    found = []
    for row, score in best:
        item = catalog.item(row)
        if item is not None:
            reason = _reason(catalog, row, wish, query) if asked.explain else None
            found.append(OfferedItem(item_id=item.item_id, score=score, title=item.title, reason=reason))
    return tuple(found)


def _reason(catalog: LiveCatalog, row: int, wish: Wish, query: Floats | None) -> Reason:
    """What speaks for an item: who asked by a text is told how like it is, others what they chose that led here."""
    shelf = catalog.shelf
    popular = round(float(np.expm1(wish.popularity[row, _SEASON])), 3) if wish.popularity.shape[1] == WIDTH else None
    if query is not None:
        return Reason(kind="query", likeness=_rounded(shelf.vectors[row] @ query), popularity=popular)
    history = wish.history[wish.history != row][-100:]
    weights = decay(len(history), _HALF_LIFE)
    loud = shelf.goes_with.strongest(row, history, weights) or shelf.follows.strongest(row, history, weights)
    likeness = shelf.vectors[history] @ shelf.vectors[row]
    near = [int(one) for one in np.argsort(-likeness, kind="stable") if likeness[one] >= _ALIKE]
    alike = _rounded(likeness.max()) if len(history) else None
    if loud:
        return Reason(kind="behaviour", items=_ids(catalog, history, loud), likeness=alike, popularity=popular)
    if near:
        return Reason(kind="likeness", items=_ids(catalog, history, near), likeness=alike, popularity=popular)
    return Reason(kind="popularity", popularity=popular)


def _ids(catalog: LiveCatalog, history: Ints, places: Sequence[int]) -> tuple[str, ...]:
    items = (catalog.item(int(history[place])) for place in places[: 2 * _EVIDENCE])
    return tuple(item.item_id for item in items if item is not None)[:_EVIDENCE]


def _rounded(value: float) -> float:
    return round(float(value), 4)
