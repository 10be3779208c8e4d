"""The texts that a graph is busy with, one step after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import CancelledError

from shared.decoding.answer import Answer, Request
from shared.decoding.graph import DecoderGraph
from shared.decoding.sampling import choose, logprob_of
from shared.decoding.slots import Slots
from shared.inference.session import FloatArray

#: Tokens of prompts that one step reads: what the others' next token has to wait for, at most.
CHUNK = 128


class Batch:
    """Continuous batching (Yu et al. 2022, Orca): texts join and leave between two steps.

    A step reads a chunk of the prompts, which take turns, and then writes one token of every text that was read. An error of one
    text ends that text alone; one of the graph itself ends those that it was busy with.

    Args:
        graph: Called by one thread at a time, as this is.
        pieces: The bytes of each token.
        chunk: Tokens of prompts that one step reads.
    """

    def __init__(self, graph: DecoderGraph, pieces: Sequence[bytes], *, chunk: int = CHUNK) -> None:
        self._graph = graph
        self._pieces = pieces
        self._chunk = chunk
        self._slots = Slots(graph)
        self._turns: deque[Answer] = deque()

    @property
    def free(self) -> int:
        """Texts that can still join."""
        return self._slots.free

    @property
    def busy(self) -> bool:
        """Whether a step has anything to do."""
        return bool(self._slots.writing or self._slots.reading)

    def join(self, request: Request) -> None:
        """Take a request in; there has to be a free slot."""
        answer = Answer(request, self._graph.shape, self._graph.context, self._pieces)
        self._slots.admit(answer)
        self._turns.append(answer)

    def step(self) -> None:
        """Let those leave that nobody waits for, read a chunk, write a token."""
        for answer in [*self._slots.writing, *self._slots.reading.values()]:
            if answer.request.cancelled:
                self._fail(answer, CancelledError())
        self._read()
        self._write()

    def fail(self, error: BaseException) -> None:
        """End every text with an error."""
        for answer in [*self._slots.writing, *self._slots.reading.values()]:
            self._fail(answer, error)

    def forget(self, lora: int, error: BaseException) -> None:
        """End every text of a model that leaves."""
        for answer in [*self._slots.writing, *self._slots.reading.values()]:
            if answer.request.lora == lora:
                self._fail(answer, error)
        self._slots.forget(lora)

    def _read(self) -> None:
        left = self._chunk
        while left > 0 and self._turns:
            answer = self._turns.popleft()
            slot = next(slot for slot, reader in self._slots.reading.items() if reader is answer)
            held = self._slots.held[slot]
            ids = answer.prompt[len(held) : len(held) + left]
            left -= len(ids)
            try:
                logits = self._graph.prefill(slot, ids, len(held))
            except Exception as error:  # noqa: BLE001  # whatever it is, the others go on
                self._fail(answer, error)
                continue
            held += ids
            if len(held) < len(answer.prompt):
                self._turns.append(answer)
            else:
                self._slots.read(slot)
                self._advance([answer], logits[None])

    def _write(self) -> None:
        writing = list(self._slots.writing)
        if not writing:
            return
        held = self._slots.held[: len(writing)]
        ids = [answer.last for answer in writing]
        try:
            logits = self._graph.decode(ids, [len(tokens) for tokens in held])
        except Exception as error:  # noqa: BLE001  # who waits is told, and whoever comes next may fare better
            for answer in writing:
                self._fail(answer, error)
            return
        for tokens, token in zip(held, ids, strict=True):
            tokens.append(token)
        self._advance(writing, logits)

    def _advance(self, answers: Sequence[Answer], logits: FloatArray) -> None:
        """Choose the next token of each text, from logits [b, vocabulary]."""
        prepared, sound = _prepared(answers, logits)
        tokens = choose(prepared, [answer.picker for answer in answers])
        for answer, token, row, error in zip(answers, tokens, logits, sound, strict=True):
            if error is not None:
                self._fail(answer, error)
            else:
                self._take(answer, int(token), row)

    def _take(self, answer: Answer, token: int, logits: FloatArray) -> None:
        top = answer.picker.sampling.top_logprobs
        try:
            finish = answer.take(token, None if top is None else logprob_of(logits, token, top))
        except Exception as error:  # noqa: BLE001  # emit is the caller's and may raise anything
            self._fail(answer, error)
            return
        if finish is not None:
            self._leave(answer)
            answer.request.settle(finish)

    def _fail(self, answer: Answer, error: BaseException) -> None:
        self._leave(answer)
        answer.request.settle(error)

    def _leave(self, answer: Answer) -> None:
        self._slots.leave(answer)
        if answer in self._turns:
            self._turns.remove(answer)


def _prepared(answers: Sequence[Answer], logits: FloatArray) -> tuple[FloatArray, list[Exception | None]]:
    """The logits after penalties and grammars, those of the model untouched; and what went wrong with each row."""
    errors: list[Exception | None] = [None] * len(answers)
    changed = [row for row, answer in enumerate(answers) if answer.picker.changes_logits]
    if not changed:
        return logits, errors
    prepared = logits.copy()
    for row in changed:
        try:
            answers[row].picker.prepare(prepared[row])
        except Exception as error:  # noqa: BLE001  # whatever it is, the others go on
            errors[row] = error
    return prepared, errors
