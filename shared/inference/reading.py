"""What reading a text gives, and what anything that reads texts can do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from shared.contracts.chat.understanding import Understanding
from shared.inference.predictor import Prediction, Predictor
from shared.inference.session import FloatArray

#: Of an understanding: what says how it was made, or belongs to a chat alone.
_OF_A_CHAT = {"model", "tokens", "parts", "attachments"}


@dataclass(frozen=True, slots=True)
class Reading:
    """One text, read.

    Attributes:
        understanding: Intent, entities, sentiment and language.
        embedding: The sentence embedding of length 1, [d]; zeros for a blank text.
        tokens: Tokens read, special tokens included.
    """

    understanding: Understanding
    embedding: FloatArray
    tokens: int

    @property
    def prediction(self) -> Prediction:
        """The same as models of every task answer: ``intent``, ``ranking``, ``entities``, ``sentiment``, ``language``, ``truncated``."""
        return Prediction(self.understanding.model_dump(mode="json", exclude=_OF_A_CHAT), self.tokens)


Context = Sequence[str]
"""The messages before a text, oldest first; the last one is what the text answers."""


@runtime_checkable
class Reader(Predictor, Protocol):
    """A model that understands texts, each after what was said before it."""

    def read(self, texts: Sequence[str], contexts: Sequence[Context] | None = None) -> list[Reading]:
        """One reading per text, in order; ``contexts`` are the messages before each of them."""

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """The sentence embeddings of ``texts``, [n, d]."""
