"""From the states of a text's tokens to one vector."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def mean_state(states: Tensor, attention_mask: Tensor) -> Tensor:
    """The mean [b, d] of the states of real tokens, in float32 whatever the states are."""
    mask = attention_mask.unsqueeze(-1).float()
    return (states.float() * mask).sum(dim=1) / mask.sum(dim=1)


def unit(vectors: Tensor) -> Tensor:
    """The same directions with length one."""
    return functional.normalize(vectors.float(), dim=-1)
