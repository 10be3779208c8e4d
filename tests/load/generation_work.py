"""What ``tests.load.generation`` asks of everybody, and how fast it was answered."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Semaphore

import numpy as np

from shared.contracts.chat.generation import Sampling
from shared.decoding.answer import Part
from shared.decoding.scheduler import Scheduler

LENGTHS = (40, 80, 120)
LONGEST_PROMPT = 60


@dataclass(frozen=True)
class Ask:
    """A prompt and how many tokens are to follow; ids below 3 are special."""

    prompt: list[int]
    tokens: int


def asks(number: int, vocabulary: int) -> list[Ask]:
    """Prompts of 1 to 60 tokens with 40, 80 or 120 to follow, the same in every run."""
    chance = np.random.default_rng(0)
    lengths = chance.integers(1, LONGEST_PROMPT + 1, number)
    return [
        Ask([int(token) for token in chance.integers(3, vocabulary, length)], LENGTHS[place % len(LENGTHS)])
        for place, length in enumerate(lengths)
    ]


@dataclass
class Pace:
    """Seconds of a run, and of its waits."""

    first: list[float] = field(default_factory=list)
    between: list[float] = field(default_factory=list)
    seconds: float = 0.0


def scheduled(scheduler: Scheduler, work: Sequence[Ask], streams: int, loras: Sequence[int] = (0,)) -> Pace:
    """Ask with so many answers under way at once, the models taking turns: the next is asked when one has ended."""
    pace, room, futures = Pace(), Semaphore(streams), []
    began = time.perf_counter()
    for place, ask in enumerate(work):
        room.acquire()
        sampling, lora = Sampling(temperature=0, max_tokens=ask.tokens), loras[place % len(loras)]
        future = scheduler.submit(ask.prompt, sampling, _Clock(pace), lora=lora)
        future.add_done_callback(lambda _: room.release())
        futures.append(future)
    for future, ask in zip(futures, work, strict=True):
        assert future.result().completion_tokens == ask.tokens
    pace.seconds = time.perf_counter() - began
    return pace


class _Clock:
    """Notes when the tokens of one answer come."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._last = time.perf_counter()
        self._began = False

    def __call__(self, _: Part) -> None:
        now = time.perf_counter()
        (self._pace.between if self._began else self._pace.first).append(now - self._last)
        self._began, self._last = True, now
