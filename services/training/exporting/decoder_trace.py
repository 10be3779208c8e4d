"""Decoders that onnxruntime-genai's builder does not know (GPT-2), traced with the keys and values of what was read as inputs."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers.cache_utils import DynamicCache

from shared.artifacts.manifest import DecoderShape

_OPSET = 17
#: Added to the logits of what is not seen.
_UNSEEN = -3e38


class _WithCache(nn.Module):
    """A causal language model whose cache comes in and goes out as plain tensors."""

    def __init__(self, causal: Any, layers: int) -> None:
        super().__init__()
        self.causal = causal
        self.layers = layers

    def forward(self, input_ids: Tensor, attention_mask: Tensor, *past: Tensor) -> tuple[Tensor, ...]:
        """Logits [b, s, v], and keys and values of each layer with those of the new tokens."""
        cache = DynamicCache()
        for layer in range(self.layers):
            cache.update(past[2 * layer], past[2 * layer + 1], layer)
        before, new = past[0].shape[2], input_ids.shape[1]
        places = (attention_mask.cumsum(1) - 1).clamp(min=0)[:, -new:]
        keys, queries = torch.arange(before + new), torch.arange(new) + before
        seen = (keys[None, None, None, :] <= queries[None, None, :, None]) & (attention_mask[:, None, None, :] == 1)
        bias = torch.zeros(seen.shape).masked_fill(~seen, _UNSEEN)
        found = self.causal(
            input_ids=input_ids, attention_mask=bias, position_ids=places, past_key_values=cache, use_cache=True
        )
        states = [state for layer in found.past_key_values.layers for state in (layer.keys, layer.values)]
        return (found.logits, *states)


def trace(causal: Any, shape: DecoderShape, path: Path) -> None:
    """Write the graph of a model that is on the CPU, in evaluation mode."""
    inputs = [f"past_key_values.{n}.{kind}" for n in range(shape.layers) for kind in ("key", "value")]
    outputs = [name.replace("past_key_values", "present") for name in inputs]
    axes = {"input_ids": {0: "batch", 1: "seq"}, "attention_mask": {0: "batch", 1: "total"}}
    axes |= {"logits": {0: "batch", 1: "seq"}} | {name: {0: "batch", 2: "past"} for name in inputs}
    axes |= {name: {0: "batch", 2: "total"} for name in outputs}
    batch, past, new = 2, 3, 4
    states = [torch.zeros(batch, shape.kv_heads, past, shape.head_size) for _ in inputs]
    sample = (torch.zeros(batch, new, dtype=torch.int64), torch.ones(batch, past + new, dtype=torch.int64), *states)
    attention = causal.config._attn_implementation  # transformers has no public name for it
    causal.set_attn_implementation("eager")
    level = logging.getLogger("torch.onnx").level
    try:
        with warnings.catch_warnings(action="ignore"):
            torch.onnx.export(
                _WithCache(causal, shape.layers).eval(),
                sample,
                str(path),
                dynamo=False,
                opset_version=_OPSET,
                input_names=["input_ids", "attention_mask", *inputs],
                output_names=["logits", *outputs],
                dynamic_axes=axes,
            )
    finally:
        causal.set_attn_implementation(attention)
        logging.getLogger("torch.onnx").setLevel(level)
