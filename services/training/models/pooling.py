"""From the states of a text's tokens to one vector."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Length of a label's weight vector at the start: logits are this times the cosine to the mean of the label's rows.
_PROTOTYPE_SCALE = 20.0


def mean_state(states: Tensor, attention_mask: Tensor) -> Tensor:
    """The mean [b, d] of the states of real tokens, in float32 whatever the states are."""
    mask = attention_mask.unsqueeze(-1).float()
    return (states.float() * mask).sum(dim=1) / mask.sum(dim=1)


def unit(vectors: Tensor) -> Tensor:
    """The same directions with length one."""
    return functional.normalize(vectors.float(), dim=-1)


class AttentionPooling(nn.Module):
    """A weighted mean of token states; the weights are learned, and equal at first.

    Args:
        width: Of the states.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attention = nn.Linear(width, 1, bias=False)
        nn.init.zeros_(self.attention.weight)

    def forward(self, states: Tensor, attention_mask: Tensor) -> Tensor:
        """The mean [b, d] of states [b, s, d], in float32."""
        scores = self.attention(states).squeeze(-1).float()
        weights = scores.masked_fill(attention_mask == 0, torch.finfo(scores.dtype).min).softmax(dim=-1)
        pooled: Tensor = (states.float() * weights.unsqueeze(-1)).sum(dim=1)
        return pooled


@torch.no_grad()
def start_from_prototypes(head: nn.Linear, embeddings: Tensor, columns: Tensor) -> None:
    """Point each label's weights at the mean of its rows, so that training starts from a nearest-mean classifier.

    (Snell et al. 2017, arXiv:1703.05175.)

    Args:
        head: Over vectors of length one; a column per label.
        embeddings: [n, d] of length one, by the base model.
        columns: [n] int64; negative ones are left out.
    """
    for column in range(head.out_features):
        rows = embeddings[columns == column]
        if len(rows):
            head.weight[column] = _PROTOTYPE_SCALE * unit(rows.mean(dim=0))
    head.bias.zero_()
