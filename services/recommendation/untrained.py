"""What is offered before a model is trained: likeness of texts by the letters that they share, and popularity."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

import numpy as np

from shared.tasks.recommendation.neighbours import Floats
from shared.tasks.recommendation.shelf import Shelf
from shared.tasks.recommendation.signals import Wish, decay
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


def scores(shelf: Shelf, wish: Wish) -> Floats:
    """[n]: likeness to what somebody chose last, and how many choose an item now, each 0 to 1."""
    now = wish.popularity[:, _SEASON]
    found = now / max(float(now.max(initial=0.0)), 1e-9)
    if len(wish.history):
        wanted = decay(len(wish.history), _HALF_LIFE) @ shelf.vectors[wish.history]
        found = 0.5 * found + shelf.vectors @ (wanted / max(float(np.linalg.norm(wanted)), 1e-9))
    return found.astype(np.float32)
