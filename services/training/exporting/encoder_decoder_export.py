"""A trained encoder-decoder as two graphs, which are only accepted if they write what the model writes."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers.cache_utils import DynamicCache, EncoderDecoderCache

from services.training.exporting.decoder_export import PROMPTS, WRITTEN, export_failed
from services.training.exporting.onnx_export import TOLERANCE
from services.training.models.encoder_decoder_model import EncoderDecoderModel
from shared.artifacts.manifest import ENCODER_MODEL, FP32_MODEL, EncoderDecoderShape
from shared.decoding.encoder_decoder import EncoderDecoder
from shared.errors import BrokenArtifact

_OPSET = 17
#: Added to the logits of what is not seen.
_UNSEEN = -3e38

Pair = tuple[Sequence[int], Sequence[int]]
"""A source, and its target with the beginning."""


def export_encoder_decoder(
    model: EncoderDecoderModel, folder: Path, pairs: Sequence[Pair]
) -> tuple[EncoderDecoderShape, float]:
    """Write ``encoder.onnx`` and ``model.onnx``.

    Args:
        model: A merged model; it is moved to the CPU.
        folder: An existing directory.
        pairs: Texts to compare graphs and model on; at least one.

    Returns:
        What serving has to know of the graphs, and the largest difference found.

    Raises:
        TrainingFailed: No graphs agree with the model.
    """
    whole, shape = model.cpu().float().eval().whole, model.shape
    by_length = sorted(pairs, key=lambda pair: len(pair[0]))
    tried = [*by_length[:: max(1, len(by_length) // PROMPTS)][: PROMPTS - 1], by_length[-1]]
    try:
        _trace(_Reading(whole, shape), _Writing(whole, shape), shape, folder)
        with closing(EncoderDecoder.open(folder / FP32_MODEL, shape)) as graphs:
            difference = max(_logits_apart(whole, graphs, tried), _texts_apart(whole, graphs, tried))
    except (RuntimeError, ValueError, TypeError, KeyError, AttributeError, OSError, BrokenArtifact) as error:
        raise export_failed(str(error).partition("\n")[0]) from error
    if not difference <= TOLERANCE:
        raise export_failed(f"its logits differ by {difference:.2g}, more than {TOLERANCE:g}")
    return shape, difference


class _Reading(nn.Module):
    """The encoder, and what the decoder's layers make of its states: reckoned once for a text, and not at every step."""

    def __init__(self, whole: Any, shape: EncoderDecoderShape) -> None:
        super().__init__()
        self.whole, self.shape = whole, shape

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        """Keys and values of each layer of the decoder, [b, heads, s, head_size]."""
        states = self.whole.get_encoder()(input_ids=input_ids, attention_mask=_seen(attention_mask)).last_hidden_state
        cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
        self.whole.get_decoder()(
            input_ids=input_ids[:, :1],  # of no matter: what it says of the target is left out of the graph
            encoder_hidden_states=states,
            encoder_attention_mask=_seen(attention_mask),
            past_key_values=cache,
            use_cache=True,
        )
        return _states(cache.cross_attention_cache)


class _Writing(nn.Module):
    """The decoder, whose caches come in and go out as plain tensors."""

    def __init__(self, whole: Any, shape: EncoderDecoderShape) -> None:
        super().__init__()
        self.whole, self.shape = whole, shape

    def forward(self, input_ids: Tensor, source_mask: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        """Logits [b, t, v], and keys and values of each layer with those of the new tokens."""
        count = 2 * self.shape.layers
        source, past = _cache(states[:count]), _cache(states[count:])
        before, new = states[count].shape[2], input_ids.shape[1]
        keys, queries = torch.arange(before + new), torch.arange(new) + before
        earlier = keys[None, :] <= queries[:, None]
        found = self.whole(
            encoder_outputs=(states[0][:, 0],),  # only asked how long it is: its keys and values are there
            attention_mask=_seen(source_mask),
            decoder_input_ids=input_ids,
            decoder_attention_mask=torch.zeros(earlier.shape).masked_fill(~earlier, _UNSEEN)[None, None],
            past_key_values=EncoderDecoderCache(past, source),
            use_cache=True,
        )
        return (found.logits, *_states(found.past_key_values.self_attention_cache))


def _cache(states: Sequence[Tensor]) -> DynamicCache:
    cache = DynamicCache()
    for layer, (keys, values) in enumerate(zip(states[::2], states[1::2], strict=True)):
        cache.update(keys, values, layer)
    return cache


def _states(cache: Any) -> tuple[Tensor, ...]:
    return tuple(state for layer in cache.layers for state in (layer.keys, layer.values))


def _seen(mask: Tensor) -> Tensor:
    """A mask [b, s] as what is added to logits, [b, 1, 1, s]: the form that transformers takes as it is."""
    return torch.zeros(mask.shape).masked_fill(mask == 0, _UNSEEN)[:, None, None, :]


def _trace(reading: nn.Module, writing: nn.Module, shape: EncoderDecoderShape, folder: Path) -> None:
    names = [f"{n}.{kind}" for n in range(shape.layers) for kind in ("key", "value")]
    source, past, present = ([f"{kind}.{name}" for name in names] for kind in ("source", "past_key_values", "present"))
    batch, length, before, new = 2, 5, 3, 4
    mask = torch.ones(batch, length, dtype=torch.int64)
    text = {"input_ids": {0: "batch", 1: "length"}, "attention_mask": {0: "batch", 1: "length"}}
    sources = {name: {0: "batch", 2: "length"} for name in source}
    _write(reading, (mask, mask), list(text), source, text | sources, folder / ENCODER_MODEL)
    axes: dict[str, dict[int, str]] = {"input_ids": {0: "batch", 1: "new"}, "source_mask": {0: "batch", 1: "length"}}
    axes |= sources | {name: {0: "batch", 2: "past"} for name in past} | {"logits": {0: "batch", 1: "new"}}
    axes |= {name: {0: "batch", 2: "total"} for name in present}
    states = [torch.zeros(batch, shape.heads, n, shape.head_size) for n in (length, before) for _ in names]
    sample = (torch.zeros(batch, new, dtype=torch.int64), mask, *states)
    inputs = ["input_ids", "source_mask", *source, *past]
    _write(writing, sample, inputs, ["logits", *present], axes, folder / FP32_MODEL)


def _write(
    module: nn.Module,
    sample: tuple[Tensor, ...],
    inputs: list[str],
    outputs: list[str],
    axes: Mapping[str, Mapping[int, str]],
    path: Path,
) -> None:
    level = logging.getLogger("torch.onnx").level
    try:
        with warnings.catch_warnings(action="ignore"):
            torch.onnx.export(
                module.eval(),
                sample,
                str(path),
                dynamo=False,
                opset_version=_OPSET,
                input_names=inputs,
                output_names=outputs,
                dynamic_axes=axes,
            )
    finally:
        logging.getLogger("torch.onnx").setLevel(level)


@torch.no_grad()
def _logits_apart(whole: Any, graphs: EncoderDecoder, pairs: Sequence[Pair]) -> float:
    """Largest difference of logits, each pair by itself and all in one padded batch."""
    worst = 0.0
    together = graphs.read([source for source, _ in pairs], [target for _, target in pairs])
    for (source, target), padded in zip(pairs, together, strict=True):
        wanted = _logits(whole, source, target)
        for found in (padded, *graphs.read([source], [target])):
            worst = max(worst, float(np.nan_to_num(np.abs(found - wanted), nan=np.inf).max()))
    return worst


@torch.no_grad()
def _texts_apart(whole: Any, graphs: EncoderDecoder, pairs: Sequence[Pair]) -> float:
    """0 if the graphs, in steps upon their caches, write what the model writes; two words that are equally likely may change places."""
    shape = graphs.shape
    written = graphs.write([source for source, _ in pairs], [WRITTEN] * len(pairs))
    for (source, _), found in zip(pairs, written, strict=True):
        logits = _logits(whole, source, [*shape.begin, *found])[len(shape.begin) - 1 :]
        for row, token in zip(logits[: len(found)], found, strict=True):
            if row.max() - row[token] > TOLERANCE:
                return float("inf")
        if len(found) < min(WRITTEN, shape.context - len(shape.begin)) and int(logits[-1].argmax()) not in shape.end:
            return float("inf")
    return 0.0


def _logits(whole: Any, source: Sequence[int], target: Sequence[int]) -> np.ndarray:
    ids = torch.tensor([list(source)])
    found: np.ndarray = whole(input_ids=ids, decoder_input_ids=torch.tensor([list(target)])).logits[0].numpy()
    return found
