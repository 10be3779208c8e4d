"""Which text has which slot of a graph, and what tokens each slot holds."""

from __future__ import annotations

from collections.abc import Sequence

from shared.decoding.answer import Answer
from shared.decoding.graph import DecoderGraph


class Slots:
    """Texts that are being written lie in the slots 0..b, since one step goes through these together; behind them texts are read.

    A slot that nobody has keeps what it held: a prompt that begins with the same tokens takes that over, from there or from a text
    that is being written, and only the rest of it has to be read. Models that share a graph do not share what they have read.
    """

    def __init__(self, graph: DecoderGraph) -> None:
        self._graph = graph
        self.writing: list[Answer] = []
        self.reading: dict[int, Answer] = {}
        self.held: list[list[int]] = [[] for _ in range(graph.slots + 1)]
        self._loras = [0] * (graph.slots + 1)
        self._used = [0] * graph.slots
        self._clock = 0

    @property
    def free(self) -> int:
        """Slots that nobody has."""
        return self._graph.slots - len(self.writing) - len(self.reading)

    def admit(self, answer: Answer) -> None:
        """Give a text a free slot, with the longest beginning of its prompt that any slot holds."""
        prompt = answer.prompt[:-1]  # the last token is always read: its logits are what the answer begins with
        lora = answer.request.lora
        shared = [
            common_prefix(prompt, held) if self._loras[slot] == lora else 0
            for slot, held in enumerate(self.held[: self._graph.slots])
        ]
        source = max(range(len(shared)), key=shared.__getitem__)
        vacant = [slot for slot in range(len(self.writing), self._graph.slots) if slot not in self.reading]
        # One that nobody has is taken as it is; else the one whose tokens were of no use for the longest time is written over.
        slot = source if source in vacant and shared[source] else min(vacant, key=self._used.__getitem__)
        if slot != source:
            self._copy(source, slot, shared[source])
        self.held[slot] = self.held[slot][: shared[source]]
        self._assign(slot, lora)
        answer.cached = shared[source]
        self._use(source)
        self._use(slot)
        self.reading[slot] = answer

    def read(self, slot: int) -> Answer:
        """The text in ``slot`` was read: let it be written, in the first slot behind those that are."""
        answer = self.reading.pop(slot)
        place = len(self.writing)
        if place in self.reading:
            self._swap(slot, place)
            self.reading[slot] = self.reading.pop(place)
        elif place != slot:
            self._copy(slot, place, len(self.held[slot]))
        self._use(place)
        self.writing.append(answer)
        return answer

    def leave(self, answer: Answer) -> None:
        """Let a text give its slot back; the last one that is written moves into the hole."""
        for slot, reader in self.reading.items():
            if reader is answer:
                del self.reading[slot]
                return
        hole, last = self.writing.index(answer), len(self.writing) - 1
        if hole != last:
            self._copy(last, hole, len(self.held[last]))
            self.writing[hole] = self.writing[last]
        self._use(last)
        self.writing.pop()

    def forget(self, lora: int) -> None:
        """Let nothing be taken over that a model has read."""
        for slot, owner in enumerate(self._loras):
            if owner == lora:
                self.held[slot] = []

    def _assign(self, slot: int, lora: int) -> None:
        if self._loras[slot] != lora:
            self._graph.assign(slot, lora)
            self._loras[slot] = lora

    def _use(self, slot: int) -> None:
        self._clock += 1
        self._used[slot] = self._clock

    def _copy(self, source: int, target: int, tokens: int) -> None:
        if tokens:
            self._graph.copy(source, target, tokens)
        self.held[target] = self.held[source][:tokens]
        self._assign(target, self._loras[source])

    def _swap(self, one: int, other: int) -> None:
        spare = self._graph.slots
        self._copy(one, spare, len(self.held[one]))
        self._copy(other, one, len(self.held[other]))
        self._copy(spare, other, len(self.held[spare]))


def common_prefix(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two texts begin with that are the same, by halving: comparing whole slices is fast, and loops are not."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
