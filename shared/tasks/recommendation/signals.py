"""What speaks for offering an item to somebody: the columns that a ranker reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from shared.tasks.recommendation.neighbours import Floats, Ints, Neighbours
from shared.tasks.recommendation.popularity import WIDTH
from shared.tasks.recommendation.shelf import Shelf

#: Items of a history that are looked at: the last ones.
MAX_HISTORY = 100

#: After how many further items one has half as much to say; the last: never.
_SHORT, _LONG, _EVER = 1.0, 5.0, 1e9

_BEHAVIOUR: tuple[tuple[str, float], ...] = (
    ("goes_with", _SHORT),
    ("goes_with", _LONG),
    ("goes_with", _EVER),
    ("follows", _SHORT),
    ("follows", _LONG),
)
_LIKENESS = (_SHORT, _LONG)

COLUMNS = WIDTH + 1 + 2 * len(_BEHAVIOUR) + len(_LIKENESS) + 1 + 1 + 1 + 1
"""Popularity, now and when the model was trained; behaviour, plain and as a root; likeness; the user tower; category; price; whether anybody ever chose the item."""

#: Popularity is divided by it, so that all columns are of one size.
_POPULARITY_SCALE = 3.0
_TINY = 1e-9

UserTower = Callable[[Floats], Floats]
"""The vectors [h, d] of a history, oldest first, as the vector [d] of what is wanted next."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody to whom something is to be offered.

    Attributes:
        history: [h], rows of items, oldest first; possibly none.
        popularity: [n, WIDTH], see ``Popularity.seen``: of now.
        popular: Rows of the most popular items of a large catalog, if they are known.
    """

    history: Ints
    popularity: Floats
    popular: Ints | None = None


def decay(count: int, half_life: float) -> Floats:
    """[count], oldest first, with sum 1."""
    weights = 0.5 ** (np.arange(count)[::-1] / half_life)
    found: Floats = (weights / max(float(weights.sum()), _TINY)).astype(np.float32)
    return found


def signals(shelf: Shelf, wish: Wish, tower: UserTower, among: Ints | None = None) -> Floats:
    """[n, COLUMNS] of all items, or of some.

    Args:
        shelf: The items.
        wish: Who is asking.
        tower: Of the model.
        among: Rows of the items; all of them, if it is left out.
    """
    history = wish.history[-MAX_HISTORY:]
    rows = slice(None) if among is None else among
    columns = list((wish.popularity[rows] / _POPULARITY_SCALE).T)
    columns.append(shelf.chosen[rows] / _POPULARITY_SCALE)
    for name, half_life in _BEHAVIOUR:
        neighbours: Neighbours = getattr(shelf, name)
        said = neighbours.scores(history, decay(len(history), half_life), len(shelf))
        share = (said / max(float(said.max(initial=0.0)), _TINY))[rows]
        columns += [share, np.sqrt(share)]
    columns += _by_text(shelf, history, tower, rows)
    columns += [_by_category(shelf, history, rows), _by_price(shelf, history, rows)]
    columns.append((wish.popularity[rows, 0] <= 0).astype(np.float32))
    return np.stack(columns, axis=1).astype(np.float32)


#: Of what people did with an item: popularity, and all columns up to those of the texts.
_DONE = WIDTH + 1 + 2 * len(_BEHAVIOUR)


def as_if_new(columns: Floats, rows: Ints) -> Floats:
    """Signals in which some items look as if nobody had ever seen them: their texts, categories and prices are all that is known.

    Args:
        columns: [n, COLUMNS].
        rows: Those items.
    """
    found = columns.copy()
    found[rows, :_DONE] = 0.0
    found[rows, -1] = 1.0
    return found


def _by_text(shelf: Shelf, history: Ints, tower: UserTower, rows: slice | Ints) -> list[Floats]:
    vectors = shelf.vectors[rows]
    if not len(history):
        return [np.zeros(len(vectors), np.float32)] * (len(_LIKENESS) + 1)
    seen = shelf.vectors[history]
    wanted = [decay(len(history), half_life) @ seen for half_life in _LIKENESS]
    directions = [_unit(vector) for vector in wanted] + [tower(seen)]
    return list((vectors @ np.stack(directions, axis=1)).T)


def _unit(vector: Floats) -> Floats:
    return (vector / max(float(np.linalg.norm(vector)), _TINY)).astype(np.float32)


def _by_category(shelf: Shelf, history: Ints, rows: slice | Ints) -> Floats:
    """How much of what somebody chose lately is of the categories of each item."""
    categories = shelf.categories[rows]
    if not shelf.category_count or not len(history):
        return np.zeros(len(categories), np.float32)
    weights = np.repeat(decay(len(history), _LONG), shelf.categories.shape[1])
    share = np.bincount(shelf.categories[history].ravel(), weights, shelf.category_count + 1)
    share[0] = 0.0
    count = np.maximum((categories > 0).sum(axis=1), 1)
    found: Floats = (share[categories].sum(axis=1) / count).astype(np.float32)
    return found


def _by_price(shelf: Shelf, history: Ints, rows: slice | Ints) -> Floats:
    """1 at the usual price of what somebody chose, falling to 0 as an item is cheaper or dearer; 0 where a price is missing."""
    prices, paid = shelf.prices[rows], shelf.prices[history]
    paid = paid[~np.isnan(paid)]
    if not len(paid):
        return np.zeros(len(prices), np.float32)
    far = np.abs(prices - paid.mean()) / (paid.std() + 0.5)
    found: Floats = np.nan_to_num(np.exp(-far), nan=0.0).astype(np.float32)
    return found
