"""The keys and values that a decoder keeps of the tokens it has read, one row of memory per slot."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from shared.artifacts.manifest import DecoderShape


class KeyValueCache(Protocol):
    """One buffer kv[layers, 2, slots, kv_heads, context, head_size] that past and present of every step are bound to."""

    shape: tuple[int, int, int, int, int, int]
    dtype: np.dtype[Any]
    device: str

    def address(self, layer: int, part: int, slot: int) -> int:
        """Where the keys (``part`` 0) or values (1) of a layer and slot begin; those of the next slot follow."""
        ...

    def copy(self, source: int, target: int, tokens: int) -> None:
        """The first ``tokens`` of one slot, written over those of another."""
        ...


class HostCache:
    """In the memory of the process. Pages are taken when they are first written, so an unused slot costs nothing.

    Args:
        shape: The decoder's.
        slots: Texts that can be held at once.
        context: Tokens of each.
        dtype: Of keys and values.
    """

    device = "cpu"

    def __init__(self, shape: DecoderShape, slots: int, context: int, dtype: np.dtype[Any]) -> None:
        self.shape = (shape.layers, 2, slots, shape.kv_heads, context, shape.head_size)
        self.dtype = dtype
        self._memory: NDArray[Any] = np.zeros(self.shape, dtype)

    def address(self, layer: int, part: int, slot: int) -> int:
        """Where the keys or values of a layer and slot begin."""
        return int(self._memory[layer, part, slot].ctypes.data)

    def copy(self, source: int, target: int, tokens: int) -> None:
        """The first ``tokens`` of one slot, written over those of another."""
        self._memory[:, :, target, :, :tokens] = self._memory[:, :, source, :, :tokens]
