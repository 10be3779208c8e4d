"""What reading a text gives, and what anything that reads texts can do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.contracts.understanding import Understanding
from shared.inference.session import FloatArray


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


Context = Sequence[str]
"""The messages before a text, oldest first; the last one is what the text answers."""


class Reader(Protocol):
    """A model ready to read."""

    @property
    def model_id(self) -> str:
        """The id of the model."""

    def read(self, texts: Sequence[str], contexts: Sequence[Context] | None = None) -> list[Reading]:
        """One reading per text, in order; ``contexts`` are the messages before each of them."""

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """The sentence embeddings of ``texts``, [n, d]."""

    def close(self) -> None:
        """Free what the reader holds; it reads no more."""
