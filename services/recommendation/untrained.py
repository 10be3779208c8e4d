"""What is offered before a model is trained: likeness of texts by the letters that they share, and popularity."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

import numpy as np

from shared.tasks.recommendation.neighbours import Floats, Ints
from shared.tasks.recommendation.retrieval import candidates
from shared.tasks.recommendation.shelf import Shelf
from shared.tasks.recommendation.signals import MAX_HISTORY, Wish, decay
from shared.text.normalisation import folded

#: Size of a vector: into so many numbers all groups of letters are hashed.
WIDTH = 256
#: Letters of a group; a word of Chinese has one or two.
_GROUPS = (2, 3, 4)
#: Letters of a text that are read.
_READ = 400

#: After how many further items one has half as much to say.
_HALF_LIFE = 3.0
#: Which count of ``Popularity`` is read: that of a season.
_SEASON = 2


def vectors(texts: Sequence[str]) -> Floats:
    """[n, WIDTH] of length 1: signed counts of groups of letters (Weinberger et al. 2009, arXiv:0902.2206), in any script."""
    found = np.zeros((len(texts), WIDTH), np.float32)
    for row, text in enumerate(texts):
        letters = f" {folded(text[:_READ])} "
        hashes = [
            crc32(letters[place : place + size].encode("utf-8", "replace"))
            for size in _GROUPS
            for place in range(len(letters) - size + 1)
        ]
        numbers = np.array(hashes, np.uint32)
        signs = np.where(numbers & 1, 1.0, -1.0)
        counts = np.bincount((numbers >> 1) % WIDTH, signs, WIDTH)
        found[row] = np.sign(counts) * np.sqrt(np.abs(counts))
    found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)
    return found


def ranked(shelf: Shelf, wish: Wish, among: Ints | None = None, query: Floats | None = None) -> tuple[Ints, Floats]:
    """Rows of items and their scores, as a model has them: likeness to what somebody chose last, and how many choose an item now, each 0 to 1.

    Args:
        shelf: The items.
        wish: Who is asking.
        among: The only ones that count.
        query: [d], the vector of a text; items like it are worth ranking too.
    """
    wanted = _wanted(shelf, wish)
    if among is None:
        directions = [one for one in (wanted, query) if one is not None]
        among = candidates(shelf, wish, np.stack(directions) if directions else np.zeros((0, WIDTH), np.float32))
    rows = slice(None) if among is None else among
    now = wish.popularity[:, _SEASON]
    most = now if wish.popular is None else now[wish.popular]
    found = now[rows] / max(float(most.max(initial=0.0)), 1e-9)
    if wanted is not None:
        found = 0.5 * found + shelf.vectors[rows] @ wanted
    return np.arange(len(shelf), dtype=np.int32) if among is None else among, found.astype(np.float32)


def _wanted(shelf: Shelf, wish: Wish) -> Floats | None:
    """[d], the direction of what somebody chose last; ``None`` of one who has chosen nothing."""
    history = wish.history[-MAX_HISTORY:]
    if not len(history):
        return None
    found = decay(len(history), _HALF_LIFE) @ shelf.vectors[history]
    return (found / max(float(np.linalg.norm(found)), 1e-9)).astype(np.float32)
