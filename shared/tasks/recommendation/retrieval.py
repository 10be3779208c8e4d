"""Which items of a large catalog are worth ranking: the first of every signal, found without looking at all."""

from __future__ import annotations

import numpy as np

from shared.tasks.recommendation.neighbours import Floats, Ints, Neighbours
from shared.tasks.recommendation.shelf import Shelf, first
from shared.tasks.recommendation.signals import MAX_HISTORY, Wish

#: Items up to which all of them are ranked.
RANKED_WHOLE = 4_000

#: Items of a history whose neighbours are candidates, and how many of each.
_RECENT, _NEIGHBOURS = 20, 60
_POPULAR = 300
_ALIKE = 300


def candidates(shelf: Shelf, wish: Wish, directions: Floats) -> Ints | None:
    """Rows of items; ``None``: all of them, where there are few.

    Args:
        shelf: All items.
        wish: Who is asking.
        directions: [k, d], vectors that texts should be like.
    """
    if len(shelf) <= RANKED_WHOLE:
        return None
    recent = wish.history[-MAX_HISTORY:][-_RECENT:]
    found = [_beside(table, recent) for table in (shelf.goes_with, shelf.follows)]
    found.append(most_popular(wish.popularity) if wish.popular is None else wish.popular)
    found += [shelf.nearest(direction, _ALIKE) for direction in directions]
    return np.unique(np.concatenate(found)).astype(np.int32)


def most_popular(popularity: Floats) -> Ints:
    """Rows of the items that were chosen most ever, and in a season, of a large catalog."""
    return np.concatenate([first(np.ascontiguousarray(popularity[:, column]), _POPULAR) for column in (0, 2)])


def _beside(table: Neighbours, history: Ints) -> Ints:
    return table.places[history[history < len(table)], :_NEIGHBOURS].ravel()
