"""A decoder's graph that returns past and present as new arrays: any export without a shared buffer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.artifacts.manifest import DecoderShape
from shared.decoding.lora import Lora
from shared.errors import BrokenArtifact
from shared.inference.memory import give_back
from shared.inference.session import FloatArray

_ELEMENTS = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


class ConcatenatedGraph:
    """Every step of such a graph copies all that is held, and rows of unequal length cannot share one: slots take turns.

    It is right for every export and fast for none; what shall serve many is exported with a shared buffer.
    """

    def __init__(self, session: Any, shape: DecoderShape, slots: int, context: int) -> None:
        self.shape = shape
        self.slots = slots
        self.context = context
        self._session = session
        kinds = {tensor.name: tensor.type for tensor in session.get_inputs()}
        self._names = [f"{layer}.{part}" for layer in range(shape.layers) for part in ("key", "value")]
        self._positions = "position_ids" in kinds
        empty = np.zeros((1, shape.kv_heads, 0, shape.head_size), _ELEMENTS[kinds["past_key_values.0.key"]])
        self._held: list[list[NDArray[Any]]] = [[empty] * len(self._names) for _ in range(slots + 1)]

    def prefill(self, slot: int, ids: Sequence[int], past: int) -> FloatArray:
        """Read a prompt, or the next part of one, into a slot; the logits of what follows, [vocabulary]."""
        last: FloatArray = self._read(slot, ids, past)[-1].astype(np.float32)
        return last

    def read(self, slot: int, ids: Sequence[int], past: int) -> FloatArray:
        """The same, with the logits of what follows every token, [s, vocabulary]."""
        return self._read(slot, ids, past).astype(np.float32, copy=False)

    def _read(self, slot: int, ids: Sequence[int], past: int) -> NDArray[Any]:
        total = past + len(ids)
        feeds: dict[str, NDArray[Any]] = {
            "input_ids": np.array([ids], np.int64),
            "attention_mask": np.ones((1, total), np.int64),
        }
        if self._positions:
            feeds["position_ids"] = np.arange(past, total, dtype=np.int64)[None]
        for name, array in zip(self._names, self._held[slot], strict=True):
            feeds[f"past_key_values.{name}"] = array[:, :, :past]
        logits, *self._held[slot] = self._session.run(["logits", *(f"present.{name}" for name in self._names)], feeds)
        found: NDArray[Any] = logits[0]
        return found

    def decode(self, ids: Sequence[int], past: Sequence[int]) -> FloatArray:
        """One step for the slots 0..b, one after the other; the logits of what follows, [b, vocabulary]."""
        return np.stack([self.prefill(slot, [token], past[slot]) for slot, token in enumerate(ids)])

    def copy(self, source: int, target: int, tokens: int) -> None:
        """Let ``target`` hold the first ``tokens`` that ``source`` holds."""
        self._held[target] = [array[:, :, :tokens] for array in self._held[source]]

    def assign(self, slot: int, lora: int) -> None:
        """All slots belong to the one model."""

    def put_lora(self, lora: Lora) -> int:
        """Refused: such graphs take none."""
        del lora
        raise BrokenArtifact("this graph takes no updates; publish the model again")

    def drop_lora(self, number: int) -> None:
        """There are none."""

    def close(self) -> None:
        """Free the model's memory."""
        self._held.clear()
        del self._session
        give_back()
