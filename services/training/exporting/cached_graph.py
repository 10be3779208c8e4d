"""A decoder's graph as its inputs and outputs are, without what serving makes of it: for comparing it with its model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from shared.artifacts.manifest import LORA, DecoderShape
from shared.decoding.lora import LoraStacks, read_lora
from shared.errors import BrokenArtifact
from shared.inference.session import CPU, FloatArray, OpenGraph, open_session


@dataclass(frozen=True, slots=True)
class Cache:
    """Keys and values of what was read: [layers, 2, kv_heads, read, head_size], as one array for each layer and kind."""

    states: tuple[FloatArray, ...]

    @property
    def read(self) -> int:
        """Tokens in it."""
        return int(self.states[0].shape[2])


class CachedGraph:
    """Reads tokens upon a cache that the caller holds.

    Args:
        path: The graph.
        shape: Of it; see there for its inputs and outputs.
        threads: Inside one run.
        providers: Where it runs.

    Raises:
        BrokenArtifact: The graph cannot be loaded, or is none of that shape.
        SettingsError: The first provider is not there.
    """

    def __init__(self, path: Path, shape: DecoderShape, *, threads: int = 1, providers: Sequence[str] = CPU) -> None:
        self.shape = shape
        session = open_session(path, threads=threads, providers=providers)
        self._updates = _updates(session, path)
        self._session = OpenGraph(session)
        self._past = [f"past_key_values.{n}.{kind}" for n in range(shape.layers) for kind in ("key", "value")]
        self._outputs = ["logits", *(name.replace("past_key_values", "present") for name in self._past)]
        if not {*self._outputs} <= {*self._session.outputs} or not {*self._past} <= {*self._session.inputs}:
            raise BrokenArtifact(f"{path.name} is no decoder of {shape.layers} layers; fetch or train the model again")
        kinds = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
        self._element: Any = kinds[self._session.types[self._past[0]]]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def empty(self) -> Cache:
        """Of a text that begins."""
        state = np.zeros((1, self.shape.kv_heads, 0, self.shape.head_size), self._element)
        return Cache((state,) * len(self._past))

    def read(self, tokens: Sequence[int], cache: Cache) -> tuple[FloatArray, Cache]:
        """Read on: the logits [s, vocabulary] of what may follow each token, and the cache with them.

        Raises:
            Unavailable: The session is closed.
        """
        ids = np.array([tokens], np.int64)
        mask = np.ones((1, cache.read + ids.shape[1]), np.int64)
        feeds = {"input_ids": ids, "attention_mask": mask, **dict(zip(self._past, cache.states, strict=True))}
        feeds |= self._updates
        logits, *states = self._session.run(self._outputs, feeds)
        return logits[0].astype(np.float32, copy=False), Cache(tuple(states))

    def close(self) -> None:
        """Free the model's memory."""
        self._session.close()


def _updates(session: Any, path: Path) -> dict[str, Any]:
    """What a graph takes that is shared by several models, of the one beside it."""
    if not LoraStacks.belong_to(session):
        return {}
    stacks = LoraStacks(session, rows=1)
    stacks.put(read_lora(path.parent / LORA))
    return stacks.factors() | stacks.mine
