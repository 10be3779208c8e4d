"""A decoder's graph with the memory of the texts that it is reading and writing, one slot each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from shared.artifacts.manifest import LORA, DecoderShape
from shared.decoding.cache import HostCache, KeyValueCache
from shared.decoding.concatenated import ConcatenatedGraph
from shared.decoding.lora import Lora, LoraStacks, read_lora
from shared.errors import BrokenArtifact
from shared.inference.memory import give_back
from shared.inference.session import CPU, FloatArray, on_device, open_session

_ELEMENTS: dict[str, np.dtype[Any]] = {"tensor(float)": np.dtype(np.float32), "tensor(float16)": np.dtype(np.float16)}


class DecoderGraph(Protocol):
    """What the steps of decoding need of a graph. Called by one thread at a time.

    Attributes:
        shape: What the graph's bundle says of it.
        slots: Texts that it holds at once; one more slot, of this number, is for exchanging two.
        context: Tokens of each, prompt and answer together.
    """

    shape: DecoderShape
    slots: int
    context: int

    def prefill(self, slot: int, ids: Sequence[int], past: int) -> FloatArray:
        """Read a prompt, or the next part of one, into a slot.

        Args:
            slot: Where.
            ids: The tokens to read, at least one.
            past: Tokens that the slot holds already; what lies behind them is written over.

        Returns:
            The logits of what follows the last token, [vocabulary].
        """
        ...

    def read(self, slot: int, ids: Sequence[int], past: int) -> FloatArray:
        """The same as ``prefill``, with the logits of what follows every token, [s, vocabulary]."""
        ...

    def decode(self, ids: Sequence[int], past: Sequence[int]) -> FloatArray:
        """One step for the slots 0..b together.

        Args:
            ids: The token that each slot reads, [b].
            past: Tokens that each holds already, [b].

        Returns:
            The logits of what follows, [b, vocabulary]; good until the next call.
        """
        ...

    def copy(self, source: int, target: int, tokens: int) -> None:
        """Let ``target`` hold the first ``tokens`` that ``source`` holds."""
        ...

    def assign(self, slot: int, lora: int) -> None:
        """Let a slot belong to the model of that number; all belong to the one that was opened, number 0."""
        ...

    def put_lora(self, lora: Lora) -> int:
        """Take the updates of another model in, and return its number.

        Raises:
            BrokenArtifact: They were not made for this graph.
        """
        ...

    def drop_lora(self, number: int) -> None:
        """Forget the updates of a model."""
        ...

    def close(self) -> None:
        """Free the model's memory."""
        ...


def open_graph(
    path: Path,
    shape: DecoderShape,
    *,
    slots: int,
    context: int | None = None,
    threads: int = 1,
    providers: Sequence[str] = CPU,
) -> DecoderGraph:
    """Load the decoder at ``path``.

    Args:
        path: An ONNX file with the inputs and outputs that ``DecoderShape`` tells.
        shape: What its bundle says of it.
        slots: Texts that are held at once.
        context: Tokens of each; the model's own limit where that is lower, or where this is left out.
        threads: Threads inside one step.
        providers: Where to run, best first.

    Raises:
        BrokenArtifact: The file is missing or no model that this onnxruntime can run.
        SettingsError: The first provider is not there.
    """
    session = open_session(path, threads=threads, providers=providers)
    room = min(context or shape.context, shape.context)
    if not shape.shared_buffer:
        return ConcatenatedGraph(session, shape, slots, room)
    kinds = {tensor.name: tensor.type for tensor in session.get_inputs()}
    cache = HostCache(shape, slots + 1, room, _ELEMENTS[kinds["past_key_values.0.key"]])
    graph = SharedBufferGraph(session, shape, cache)
    if LoraStacks.belong_to(session):
        graph.put_lora(read_lora(path.parent / LORA))
    return graph


class SharedBufferGraph:
    """A graph whose attention writes new keys and values behind the old ones, in place.

    Past and present of every layer are bound to the same memory, so that no step copies what is held. The length of each
    row is what its attention mask adds up to, whatever the width of the mask: it has the width of the context for good, so that
    a step of b rows needs no new binding, but only b more ones in the mask.
    """

    def __init__(self, session: Any, shape: DecoderShape, cache: KeyValueCache) -> None:
        self.shape = shape
        self.slots, self.context = cache.shape[2] - 1, cache.shape[4]
        self._session = session
        self._cache = cache
        self._mask = np.zeros((self.slots, self.context), np.int64)
        self._held = [0] * self.slots
        self._ids = np.zeros((self.slots, 1), np.int64)
        logits = next(tensor for tensor in session.get_outputs() if tensor.name == "logits")
        self._logits: NDArray[Any] = np.zeros((self.slots, 1, shape.vocabulary), _ELEMENTS[logits.type])
        self._steps: dict[int, Any] = {}
        self._loras = LoraStacks(session, self.slots + 1) if LoraStacks.belong_to(session) else None
        self._factors: dict[str, Any] = {}

    def prefill(self, slot: int, ids: Sequence[int], past: int) -> FloatArray:
        """Read a prompt, or the next part of one, into a slot; the logits of what follows, [vocabulary]."""
        last: FloatArray = self._read(slot, ids, past)[-1].astype(np.float32)
        return last

    def read(self, slot: int, ids: Sequence[int], past: int) -> FloatArray:
        """The same, with the logits of what follows every token, [s, vocabulary]."""
        return self._read(slot, ids, past).astype(np.float32, copy=False)

    def _read(self, slot: int, ids: Sequence[int], past: int) -> NDArray[Any]:
        binding = self._bound(slot, 1)
        # A binding refers to these arrays and does not keep them alive; it returns outputs in the order of their binding.
        tokens, mask = np.array([ids], np.int64), np.ones((1, past + len(ids)), np.int64)
        binding.bind_cpu_input("input_ids", tokens)
        binding.bind_cpu_input("attention_mask", mask)
        binding.bind_output("logits", "cpu")
        self._session.run_with_iobinding(binding)
        logits: NDArray[Any] = binding.get_outputs()[-1].numpy()[0]
        return logits

    def decode(self, ids: Sequence[int], past: Sequence[int]) -> FloatArray:
        """One step for the slots 0..b together; the logits of what follows, [b, vocabulary]."""
        rows = len(ids)
        for row, held in enumerate(past):
            self._lengthen(row, held + 1)
        self._ids[:rows, 0] = ids
        self._session.run_with_iobinding(self._step(rows))
        return self._logits[:rows, 0].astype(np.float32, copy=False)

    def copy(self, source: int, target: int, tokens: int) -> None:
        """Let ``target`` hold the first ``tokens`` that ``source`` holds."""
        self._cache.copy(source, target, tokens)

    def assign(self, slot: int, lora: int) -> None:
        """Let a slot belong to the model of that number."""
        if self._loras is not None:
            self._loras.own(slot, lora)

    def put_lora(self, lora: Lora) -> int:
        """Take the updates of another model in, and return its number."""
        if self._loras is None:
            raise BrokenArtifact("this graph takes no updates; publish the model again")
        number = self._loras.put(lora)
        self._bind_again()
        return number

    def drop_lora(self, number: int) -> None:
        """Forget the updates of a model."""
        if self._loras is not None:
            self._loras.drop(number)
            self._bind_again()

    def _bind_again(self) -> None:
        """The arrays are others now, which the bindings know nothing of."""
        assert self._loras is not None  # noqa: S101  # the callers have looked
        self._steps.clear()
        self._factors = {name: on_device(array, self._cache.device) for name, array in self._loras.factors().items()}

    def close(self) -> None:
        """Free the model's memory."""
        self._steps.clear()
        self._factors.clear()
        del self._session, self._cache
        give_back()

    def _lengthen(self, row: int, length: int) -> None:
        """Let the mask of a row add up to ``length``."""
        held = self._held[row]
        self._mask[row, min(held, length) : max(held, length)] = int(length > held)
        self._held[row] = length

    def _step(self, rows: int) -> Any:
        if rows not in self._steps:
            binding = self._bound(0, rows)
            for name, array in (("input_ids", self._ids[:rows]), ("attention_mask", self._mask[:rows])):
                binding.bind_input(name, "cpu", 0, np.int64, array.shape, array.ctypes.data)
            logits = self._logits[:rows]
            binding.bind_output("logits", "cpu", 0, logits.dtype, logits.shape, logits.ctypes.data)
            self._steps[rows] = binding
        return self._steps[rows]

    def _bound(self, slot: int, rows: int) -> Any:
        """A binding of past and present to the memory of ``rows`` slots from ``slot`` on."""
        binding = self._session.io_binding()
        cache = self._cache
        layers, _, _, heads, context, width = cache.shape
        for layer in range(layers):
            for part, name in enumerate(("key", "value")):
                place = (cache.device, 0, cache.dtype, (rows, heads, context, width), cache.address(layer, part, slot))
                binding.bind_input(f"past_key_values.{layer}.{name}", *place)
                binding.bind_output(f"present.{layer}.{name}", *place)
        if self._loras is not None:
            self._bind_updates(binding, self._loras, slice(slot, slot + rows))
        return binding

    def _bind_updates(self, binding: Any, loras: LoraStacks, rows: slice) -> None:
        for name, mine in loras.mine.items():
            own = mine[rows]
            binding.bind_input(name, "cpu", 0, own.dtype, own.shape, own.ctypes.data)
        for name, factors in self._factors.items():
            binding.bind_ortvalue_input(name, factors)
