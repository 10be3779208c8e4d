"""Two answers to one conversation, of which one is the better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from services.training.writing.token_sequences import TokenSequence, collated


@dataclass(frozen=True, slots=True)
class PreferencePair:
    """A conversation with its better and its worse answer.

    Attributes:
        better: With the better answer.
        worse: With the other.
        reference: Log-probabilities of both answers by the model that training began with; ``None``: not asked for.
    """

    better: TokenSequence
    worse: TokenSequence
    reference: tuple[float, float] | None = None

    def __len__(self) -> int:
        return max(len(self.better), len(self.worse))

    @property
    def tokens(self) -> tuple[int, ...]:
        """All its ids."""
        return self.better.ids + self.worse.ids


def collated_pairs(pairs: Sequence[PreferencePair]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Inputs of ``DecoderModel`` [b, 2, …], the better answer first; targets ``words`` [b, 2, m] and ``reference`` [b, 2]."""
    inputs, targets = collated([sequence for pair in pairs for sequence in (pair.better, pair.worse)])
    apart = {name: tensor.view(len(pairs), 2, *tensor.shape[1:]) for name, tensor in inputs.items()}
    reference = torch.tensor([pair.reference or (0.0, 0.0) for pair in pairs])
    return apart, {"words": targets["words"].view(len(pairs), 2, -1), "reference": reference}
