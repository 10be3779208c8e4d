"""Pairs of texts as token ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from services.training.fitting.batching import padded
from shared.inference.tokens import Encoded


@dataclass(frozen=True, slots=True)
class PairExample:
    """A pair as ids.

    Attributes:
        tokens: The ids of both texts.
        behind: How many of the last are the second's.
        column: Of its label; ``IGNORED`` where it has none that is known.
        score: 0..1; 0 where it has none.
        group: Pairs of one group are compared with each other.
    """

    tokens: tuple[int, ...]
    behind: int
    column: int
    score: float
    group: int = 0

    def __len__(self) -> int:
        return len(self.tokens)

    @classmethod
    def of(cls, encoded: Encoded, column: int, score: float, group: int = 0) -> PairExample:
        """From what the tokenizer made of a pair."""
        return cls(tuple(encoded.ids), encoded.context, column, score, group)


def collate_pairs(chosen: Sequence[PairExample]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Inputs, and the targets ``column`` [b] and ``score`` [b]."""
    targets = {
        "column": torch.tensor([example.column for example in chosen]),
        "score": torch.tensor([example.score for example in chosen]),
    }
    return padded([example.tokens for example in chosen], [example.behind for example in chosen]), targets
