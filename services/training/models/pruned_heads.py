"""Attention with fewer heads: encoders of BERT's kind, of which each layer keeps some."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from shared.errors import TrainingFailed

#: Of a configuration: how many heads each layer has, where that is no longer what ``num_attention_heads`` says. That number stays as it
#: is, since the width of a head is reckoned from it.
FIELD = "kept_heads"

_PROJECTIONS = ("query", "key", "value")


def attentions(encoder: nn.Module) -> list[nn.Module]:
    """The attention of each layer, lowest first.

    Raises:
        TrainingFailed: It is none of BERT's kind, whose projections are ``query``, ``key`` and ``value``, each head behind the other.
    """
    found = [
        module
        for module in encoder.modules()
        if all(isinstance(getattr(getattr(module, "self", None), name, None), nn.Linear) for name in _PROJECTIONS)
        and isinstance(getattr(getattr(module, "output", None), "dense", None), nn.Linear)
    ]
    if not found:
        raise TrainingFailed(
            f"Heads cannot be taken out of {type(encoder).__name__}; those of BERT, RoBERTa and ELECTRA can. Leave tuning.student_heads out.",
            param="tuning.student_heads",
        )
    return found


def head_counts(encoder: PreTrainedModel) -> list[int]:
    """How many heads each layer has."""
    size = encoder.config.hidden_size // encoder.config.num_attention_heads
    return [output_of(attention).in_features // size for attention in attentions(encoder)]


def output_of(attention: Any) -> nn.Linear:
    """What puts the heads of a layer together: [b, s, heads · size] goes in."""
    output: nn.Linear = attention.output.dense
    return output


def keep_heads(encoder: PreTrainedModel, kept: Sequence[Sequence[int]]) -> None:
    """Leave each layer of an encoder some of its heads, in place.

    Args:
        encoder: Of BERT's kind.
        kept: The places of those that stay in each layer, at least one.
    """
    size = encoder.config.hidden_size // encoder.config.num_attention_heads
    for attention, heads in zip(attentions(encoder), kept, strict=True):
        columns = torch.cat([torch.arange(head * size, (head + 1) * size) for head in sorted(heads)])
        projections: Any = attention.self
        for name in _PROJECTIONS:
            setattr(projections, name, _rows_of(getattr(projections, name), columns))
        projections.all_head_size = len(columns)
        projections.num_attention_heads = len(heads)
        output: Any = attention.output
        output.dense = _columns_of(output.dense, columns)
    setattr(encoder.config, FIELD, [len(heads) for heads in kept])


def shape_like(encoder: PreTrainedModel) -> None:
    """Give a freshly built encoder the widths that its configuration says; weights are to be loaded into it."""
    counts: Sequence[int] = getattr(encoder.config, FIELD)
    keep_heads(encoder, [range(count) for count in counts])


def _rows_of(linear: nn.Linear, rows: Tensor) -> nn.Linear:
    return _linear(linear.weight[rows], None if linear.bias is None else linear.bias[rows])


def _columns_of(linear: nn.Linear, columns: Tensor) -> nn.Linear:
    return _linear(linear.weight[:, columns], linear.bias)


def _linear(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    made = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    made.weight = nn.Parameter(weight.detach().clone())
    if bias is not None:
        made.bias = nn.Parameter(bias.detach().clone())
    return made
