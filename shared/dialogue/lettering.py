"""How alike texts are in their letters: for names and rare words that an embedding has never met."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from math import log

import numpy as np
from numpy.typing import NDArray

#: Letters of a piece, blanks at the ends of words among them.
_SHORTEST, _LONGEST = 3, 5
#: Characters of a text that are looked at.
_MOST_CHARACTERS = 500
_WORD = re.compile(r"\w+")


class LetterIndex:
    """Texts by the pieces of their words, weighted by how rare each piece is (tf-idf), of length 1.

    Args:
        texts: Those that are compared with.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        counted = [_pieces(text) for text in texts]
        frequent = Counter(piece for pieces in counted for piece in pieces)
        self._size = len(texts)
        self._rarity = {piece: log((1 + self._size) / (1 + count)) + 1 for piece, count in frequent.items()}
        rows = [self._weighted(pieces) for pieces in counted]
        found: dict[str, tuple[list[int], list[float]]] = {piece: ([], []) for piece in frequent}
        for place, row in enumerate(rows):
            for piece, weight in row.items():
                found[piece][0].append(place)
                found[piece][1].append(weight)
        #: Of each piece the texts that it stands in, and its weights there.
        self._postings = {piece: (np.array(places), np.array(weights)) for piece, (places, weights) in found.items()}

    def likeness(self, text: str, places: Sequence[int]) -> NDArray[np.float32]:
        """The cosine (0..1) of a text to some texts of the index, [len(places)]."""
        weighted = self._weighted(_pieces(text))
        known = [(weight, *self._postings[piece]) for piece, weight in weighted.items() if piece in self._postings]
        if not known:
            return np.zeros(len(places), np.float32)
        of_text, where, there = zip(*known, strict=True)
        weights = np.repeat(of_text, [len(one) for one in where]) * np.concatenate(there)
        alike = np.bincount(np.concatenate(where), weights, minlength=self._size)
        found: NDArray[np.float32] = alike[np.asarray(places, np.intp)].astype(np.float32)
        return found

    def _weighted(self, pieces: Counter[str]) -> dict[str, float]:
        unknown = log(1 + self._size) + 1
        weights = {piece: (1 + log(count)) * self._rarity.get(piece, unknown) for piece, count in pieces.items()}
        length = sum(weight * weight for weight in weights.values()) ** 0.5
        return {piece: weight / length for piece, weight in weights.items()}


def _pieces(text: str) -> Counter[str]:
    """The pieces of the words of a text, with how often each stands in it."""
    words = (f" {word} " for word in _WORD.findall(text[:_MOST_CHARACTERS].casefold()))
    lengths = range(_SHORTEST, _LONGEST + 1)
    return Counter(word[at : at + size] for word in words for size in lengths for at in range(len(word) - size + 1))
