"""Knowledge by meaning: which question of the bot file a message comes nearest to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from shared.bot.bot import KnowledgePair
from shared.dialogue.lettering import LetterIndex
from shared.dialogue.turn import Match

#: Weight of the letters beside the cosine of the vectors. Between 0.05 and 0.2 it hardly matters.
_LETTERS = 0.1

FloatArray = NDArray[np.float32]


class Embedder(Protocol):
    """Turns texts into vectors; the same model that read the message, or their cosine means nothing."""

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """Unit vectors, [n, d]."""
        ...


def wordings(pairs: Sequence[KnowledgePair]) -> list[str]:
    """Every question of the pairs, in each of its wordings, in order."""
    return [text for pair in pairs for text in (pair.question, *pair.also)]


class _Known:
    """Vectors that are there already."""

    def __init__(self, vectors: FloatArray) -> None:
        self._vectors = vectors

    def embed(self, _texts: Sequence[str]) -> FloatArray:
        return self._vectors


class KnowledgeIndex:
    """The questions of all pairs, and their other wordings, as vectors of one model."""

    def __init__(self, pairs: Sequence[KnowledgePair], embedder: Embedder) -> None:
        self._pairs = [pair for pair in pairs for _ in (pair.question, *pair.also)]
        self._vectors = embedder.embed(wordings(pairs))
        self._letters = LetterIndex(wordings(pairs))
        self._ids = np.array([pair.id for pair in self._pairs])

    @classmethod
    def of(cls, pairs: Sequence[KnowledgePair], vectors: FloatArray) -> Self:
        """The index of pairs whose ``wordings`` were embedded elsewhere, [n, d]."""
        return cls(pairs, _Known(vectors))

    def best(
        self, embedding: FloatArray, beside: str | None = None, text: str = "", *, worth: float = -1.0
    ) -> Match | None:
        """The nearest pair to a message, but for the one with the id ``beside``; ``None`` if there are no pairs.

        The best of a pair's wordings counts, since an average of them would be near to none. Of wordings that are about as near by their
        vectors the one counts that is more alike in its letters; the score is the cosine of the vectors alone.

        Args:
            embedding: Of the message, [d].
            beside: The id of a pair that is not looked for.
            text: The message; without it the vectors decide alone.
            worth: The least cosine that answers anything. Where none has it, the vectors decide alone: letters only ever choose a smaller one.
        """
        if not self._pairs:
            return None
        scores = self._vectors @ embedding
        if beside is not None:
            scores = np.where(self._ids != beside, scores, -1.0)
        nearest = int(np.argmax(scores))
        if not text or scores[nearest] < worth:
            return Match(self._pairs[nearest], float(scores[nearest]))
        near = np.flatnonzero(scores > scores[nearest] - _LETTERS)  # letters can put no other one first
        if len(near) > 1:
            nearest = int(near[np.argmax(scores[near] + _LETTERS * self._letters.likeness(text, near.tolist()))])
        return Match(self._pairs[nearest], float(scores[nearest]))
