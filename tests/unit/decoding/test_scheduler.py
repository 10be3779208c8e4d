"""Requests of many callers: they come, leave and fail without one another's harm."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, wait
from threading import Event
from typing import Any

import psutil
import pytest

from shared.contracts.chat.generation import Sampling
from shared.decoding.answer import Finish, Part
from shared.decoding.generate import generate
from shared.decoding.graph import DecoderGraph, open_graph
from shared.decoding.scheduler import Scheduler
from shared.errors import InvalidInput, TooManyRequests, Unavailable
from tests.unit.decoding.tiny_decoder import TinyDecoder

GREEDY = Sampling(temperature=0, max_tokens=20)
SECONDS = 30


@pytest.fixture
def scheduler(decoder: TinyDecoder) -> Iterator[Scheduler]:
    with Scheduler(open_graph(decoder.path, decoder.shape, slots=4), decoder.tokens, waiting=3, chunk=16) as running:
        yield running


class Held:
    """An ``emit`` that keeps the thread that decodes until it is let go."""

    def __init__(self) -> None:
        self.reached, self.go = Event(), Event()

    def __call__(self, _: Part) -> None:
        self.reached.set()
        assert self.go.wait(SECONDS)


def nobody(part: Part) -> None:
    """Of an answer that only its end is looked at."""


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_many_callers_have_what_each_would_have_alone(decoder: TinyDecoder, scheduler: Scheduler) -> None:
    prompts = [[3 + number, 40 + number, 7] for number in range(7)]
    parts: list[list[Part]] = [[] for _ in prompts]
    futures = [scheduler.submit(prompt, GREEDY, told.append) for prompt, told in zip(prompts, parts, strict=True)]
    assert [future.result(SECONDS).reason for future in futures] == ["length"] * 7
    assert [[part.token for part in told] for told in parts] == [decoder.greedy(prompt, 20) for prompt in prompts]


def test_a_cancelled_answer_ends_at_the_next_token(scheduler: Scheduler) -> None:
    held, told = Held(), list[Part]()
    long = Sampling(temperature=0, max_tokens=200)
    futures = [scheduler.submit([5, 6], long, told.append)]
    futures += [scheduler.submit([5, 6, 7 + number], long, nobody) for number in range(2)]
    blocker = scheduler.submit([9], long, held)
    assert held.reached.wait(SECONDS)
    assert all(future.cancel() for future in futures)
    so_far = len(told)
    held.go.set()
    # All four slots were taken: whoever comes now has one only because they were given back.
    assert scheduler.submit([8, 8], GREEDY, nobody).result(SECONDS).completion_tokens == 20
    assert len(told) <= so_far + 1
    assert blocker.result(SECONDS).completion_tokens == 200
    with pytest.raises(CancelledError):
        futures[0].result(0)


def test_whoever_finds_the_queue_full_is_told_so(scheduler: Scheduler) -> None:
    held = Held()
    running = scheduler.submit([9], GREEDY, held)
    assert held.reached.wait(SECONDS)
    # Three more slots and three places to wait.
    futures = [scheduler.submit([9, number], GREEDY, nobody) for number in range(3, 9)]
    with pytest.raises(TooManyRequests, match="try again"):
        scheduler.submit([4], GREEDY, nobody)
    futures[-1].cancel()
    futures[-1] = scheduler.submit([4], GREEDY, nobody)
    held.go.set()
    assert {future.result(SECONDS).completion_tokens for future in [running, *futures]} == {20}


def test_who_cannot_take_his_answer_ends_alone(decoder: TinyDecoder, scheduler: Scheduler) -> None:
    def broken(part: Part) -> None:
        raise ConnectionResetError("the reader is gone")

    told = list[Part]()
    good = scheduler.submit([5, 6, 7], GREEDY, told.append)
    bad = scheduler.submit([5, 6], GREEDY, broken)
    with pytest.raises(ConnectionResetError):
        bad.result(SECONDS)
    assert good.result(SECONDS).completion_tokens == 20
    assert [part.token for part in told] == decoder.greedy([5, 6, 7], 20)


class Failing:
    """A graph whose steps fail while it is told so."""

    def __init__(self, graph: DecoderGraph) -> None:
        self._graph = graph
        self.broken: type[BaseException] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._graph, name)

    def decode(self, ids: Any, past: Any) -> Any:
        if self.broken is not None:
            raise self.broken("no memory")
        return self._graph.decode(ids, past)


def test_an_error_of_the_graph_is_told_and_the_next_is_answered(decoder: TinyDecoder) -> None:
    graph: Any = Failing(open_graph(decoder.path, decoder.shape, slots=2))
    with Scheduler(graph, decoder.tokens) as scheduler:
        graph.broken = MemoryError
        with pytest.raises(MemoryError):
            scheduler.submit([5, 6], GREEDY, nobody).result(SECONDS)
        graph.broken = None
        told = list[Part]()
        scheduler.submit([5, 6], GREEDY, told.append).result(SECONDS)
        assert [part.token for part in told] == decoder.greedy([5, 6], 20)


def test_a_thread_that_dies_leaves_nobody_waiting(decoder: TinyDecoder) -> None:
    graph: Any = Failing(open_graph(decoder.path, decoder.shape, slots=1))
    with Scheduler(graph, decoder.tokens) as scheduler:
        held = Held()
        futures = [scheduler.submit([5, 6], GREEDY, held), scheduler.submit([5], GREEDY, nobody)]
        assert held.reached.wait(SECONDS)
        graph.broken = SystemExit
        held.go.set()
        for future in futures:
            with pytest.raises(Unavailable, match="broke down"):
                future.result(SECONDS)
        eventually(lambda: not scheduler.alive)
        with pytest.raises(Unavailable):
            scheduler.submit([5], GREEDY, nobody)


def test_closing_tells_all_who_wait(decoder: TinyDecoder) -> None:
    scheduler = Scheduler(open_graph(decoder.path, decoder.shape, slots=1), decoder.tokens)
    held = Held()
    futures = [scheduler.submit([9], GREEDY, held), scheduler.submit([9, 9], GREEDY, nobody)]
    assert held.reached.wait(SECONDS)
    held.go.set()
    scheduler.close()
    done, _ = wait(futures, SECONDS)
    assert len(done) == 2
    assert isinstance(futures[1].exception(), Unavailable)


def test_a_prompt_that_cannot_be_answered_is_refused_at_once(scheduler: Scheduler) -> None:
    with pytest.raises(InvalidInput, match="shorten"):
        scheduler.submit([5] * 5_000, GREEDY, nobody)


def test_stop_texts_end_an_answer_across_tokens(decoder: TinyDecoder, scheduler: Scheduler) -> None:
    prompt, whole = [5, 6, 7], list[Part]()
    scheduler.submit(prompt, Sampling(temperature=0, max_tokens=40), whole.append).result(SECONDS)
    text = "".join(part.text for part in whole)
    stop = text[10:14]
    told = list[Part]()
    finish = scheduler.submit(prompt, Sampling(temperature=0, max_tokens=40, stop=(stop,)), told.append).result(SECONDS)
    assert finish.reason == "stop"
    assert "".join(part.text for part in told) == text[: text.index(stop)]


def test_random_comings_and_goings_change_nobody_s_text(decoder: TinyDecoder, scheduler: Scheduler) -> None:
    chance = random.Random(4)
    asked = [
        (
            [chance.randrange(3, 300) for _ in range(chance.choice((1, 4, 20, 70)))],
            Sampling(seed=number, max_tokens=chance.choice((1, 5, 30)), top_p=chance.choice((1, 0.8))),
        )
        for number in range(60)
    ]
    graph = open_graph(decoder.path, decoder.shape, slots=1)
    alone = [generate(graph, decoder.tokens, [prompt], sampling)[0] for prompt, sampling in asked]
    parts: list[list[Part]] = [[] for _ in asked]
    futures = list[Future[Finish]]()
    for (prompt, sampling), told in zip(asked, parts, strict=True):
        eventually(lambda: scheduler.waiting < 2)
        futures.append(scheduler.submit(prompt, sampling, told.append))
        if chance.random() < 0.3:
            chance.choice(futures).cancel()
    assert not wait(futures, SECONDS).not_done, "a future that was cancelled tells so"
    cancelled = [future.cancelled() for future in futures]
    assert any(cancelled)
    for told, one, gone in zip(parts, alone, cancelled, strict=True):
        tokens = tuple(part.token for part in told)
        assert tokens == one.tokens[: len(tokens)]
        assert gone or len(tokens) == len(one.tokens)


def test_memory_does_not_grow(scheduler: Scheduler) -> None:
    def round_of_requests() -> None:
        for start in range(0, 240, 4):
            futures = [
                scheduler.submit([3 + start + n] * 20, Sampling(seed=n, max_tokens=10), nobody) for n in range(4)
            ]
            wait(futures, SECONDS)

    process = psutil.Process()
    round_of_requests()
    gc.collect()
    before = process.memory_info().rss
    for _ in range(3):
        round_of_requests()
    gc.collect()
    assert process.memory_info().rss < before * 1.05
