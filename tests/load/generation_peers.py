"""The same work by transformers' ``generate`` and by onnxruntime-genai's generator, in batches that end together."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime_genai
import torch
from numpy.typing import NDArray

from tests.load.generation_work import Ask

_PAD = 0


def batched(work: Sequence[Ask], size: int, answer: Callable[[Sequence[Ask]], None]) -> float:
    """Seconds for all of it, ``size`` at a time."""
    began = time.perf_counter()
    for start in range(0, len(work), size):
        answer(work[start : start + size])
    return time.perf_counter() - began


def padded(batch: Sequence[Ask]) -> NDArray[np.int64]:
    """The prompts, filled up on the left, [b, longest]."""
    longest = max(len(ask.prompt) for ask in batch)
    return np.array([[_PAD] * (longest - len(ask.prompt)) + ask.prompt for ask in batch], np.int64)


def by_transformers(model: Any) -> Callable[[Sequence[Ask]], None]:
    """``generate`` until the longest answer of the batch is there."""

    def answer(batch: Sequence[Ask]) -> None:
        ids, tokens = torch.from_numpy(padded(batch)), max(ask.tokens for ask in batch)
        options = {"do_sample": False, "eos_token_id": None, "pad_token_id": _PAD}
        with torch.inference_mode():
            model.generate(ids, attention_mask=(ids != _PAD).long(), max_new_tokens=tokens, **options)

    return answer


def by_genai(folder: Path) -> Callable[[Sequence[Ask]], None]:
    """A generator for the batch, until its longest answer is there."""
    model: Any = onnxruntime_genai.Model(str(folder))

    def answer(batch: Sequence[Ask]) -> None:
        ids, tokens = padded(batch).astype(np.int32), max(ask.tokens for ask in batch)
        length = ids.shape[1] + tokens
        params: Any = onnxruntime_genai.GeneratorParams(model)
        params.set_search_options(do_sample=False, batch_size=len(batch), min_length=length, max_length=length)
        generator: Any = onnxruntime_genai.Generator(model, params)
        generator.append_tokens(ids)
        for _ in range(tokens):
            generator.generate_next_token()

    return answer
