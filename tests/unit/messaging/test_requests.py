"""The requester: every future completes, once, in time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future, wait
from dataclasses import replace
from threading import Thread

import pytest

from shared.contracts.chat.analysis import AnalyzeText
from shared.contracts.chat.turns import TurnReceived
from shared.contracts.message import Message
from shared.errors import DeadlineExceeded, TooManyRequests, Unavailable, UndecodableMessage
from shared.messaging.consuming.consumer import Consumer
from shared.messaging.consuming.handlers import Handlers, one_by_one
from shared.messaging.encoded import pack
from shared.messaging.envelope import envelope
from shared.messaging.memory.bus import MemoryBus
from shared.messaging.requesting.requester import Requester
from shared.messaging.topology import Queues
from tests.unit.messaging.samples import analyze, analyzed, drain

SOON = 10.0


@pytest.fixture
def bus() -> MemoryBus:
    return MemoryBus()


@pytest.fixture
def requester(bus: MemoryBus) -> Iterator[Requester]:
    with Requester(bus, "test", limit=200) as requester:
        yield requester


@pytest.fixture
def answering(bus: MemoryBus) -> Iterator[None]:
    def count(request: AnalyzeText) -> Message:
        return analyzed(len(request.texts))

    handlers: Handlers = {AnalyzeText: one_by_one(count)}
    with bus.publisher() as publisher, Consumer(bus, Queues.NLU, handlers, publisher=publisher):
        yield


def test_the_request_says_who_waits_and_how_long(bus: MemoryBus, requester: Requester) -> None:
    requester.submit(analyze(), timeout=30, correlation_id="c")
    with bus.subscribe(Queues.NLU, 1) as nlu:
        request = drain(nlu, 1)[0].decode()
    assert (request.correlation_id, request.reply_to) == ("c", "rpc.reply.test")
    assert request.deadline is not None
    assert request.deadline == pytest.approx(time.time() + 30, abs=5)


@pytest.mark.usefixtures("answering")
def test_many_threads_each_get_their_own_replies(requester: Requester) -> None:
    wrong: list[Message] = []

    def ask(size: int) -> None:
        for _ in range(50):
            # All under one correlation id, as when a client repeats its request id.
            reply = requester.submit(analyze(*["x"] * size), timeout=SOON, correlation_id="same").result()
            if reply != analyzed(size):
                wrong.append(reply)

    threads = [Thread(target=ask, args=(size,)) for size in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_nobody_answers(requester: Requester) -> None:
    started = time.monotonic()
    future = requester.submit(analyze(), timeout=0.3)
    with pytest.raises(DeadlineExceeded):
        future.result(SOON)
    assert 0.3 <= time.monotonic() - started < 0.3 + 0.25


def test_a_shorter_deadline_does_not_wait_for_a_longer_one(requester: Requester) -> None:
    longer = requester.submit(analyze(), timeout=60)
    started = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        requester.submit(analyze(), timeout=0.1).result(SOON)
    assert time.monotonic() - started < SOON
    assert not longer.done()


def test_the_limit_refuses_and_frees_its_places_again(requester: Requester) -> None:
    futures = [requester.submit(analyze(), timeout=0.2) for _ in range(200)]
    with pytest.raises(TooManyRequests, match="200 requests"):
        requester.submit(analyze(), timeout=0.2)
    assert not wait(futures, SOON).not_done
    requester.submit(analyze(), timeout=0.2)


def test_a_cancelled_request_frees_its_place_and_its_late_reply_is_dropped(
    bus: MemoryBus, requester: Requester
) -> None:
    futures = [requester.submit(analyze(str(number)), timeout=SOON) for number in range(200)]
    assert futures[0].cancel()
    last = requester.submit(analyze("last"), timeout=SOON)
    with bus.publisher() as publisher, bus.subscribe(Queues.NLU, 1000) as nlu:
        for delivery in drain(nlu, 201):
            publisher.publish([delivery.decode().answered_by(analyzed())] * 2)
    assert last.result(SOON) == futures[1].result(SOON) == analyzed()
    with pytest.raises(CancelledError):
        futures[0].result(0)


def test_closing_completes_what_waits_and_refuses_what_comes(bus: MemoryBus) -> None:
    with Requester(bus, "test") as requester:
        future = requester.submit(analyze(), timeout=60)
    with pytest.raises(Unavailable, match="shut down"):
        future.result(0)
    with pytest.raises(Unavailable, match="shutting down"):
        requester.submit(analyze(), timeout=60)


def test_a_full_queue_refuses_the_request_and_forgets_it(bus: MemoryBus) -> None:
    with bus.publisher() as publisher, Requester(bus, "test", limit=1) as requester:
        publisher.publish([envelope(analyze()) for _ in range(Queues.NLU.max_length)])
        for _ in range(3):
            with pytest.raises(TooManyRequests, match="nlu is full"):
                requester.submit(analyze(), timeout=60)


def test_a_reply_that_cannot_be_decoded_is_an_error_at_once(bus: MemoryBus, requester: Requester) -> None:
    future: Future[Message] = requester.submit(analyze(), timeout=60)
    with bus.publisher() as publisher, bus.subscribe(Queues.NLU, 1) as nlu:
        reply = pack(drain(nlu, 1)[0].decode().answered_by(analyzed()))
        publisher.send([replace(reply, request_id=None), replace(reply, body=b"{}")])
    with pytest.raises(UndecodableMessage):
        future.result(SOON)


@pytest.mark.usefixtures("answering")
def test_a_type_that_nobody_handles_is_an_error_at_once(requester: Requester) -> None:
    turn = TurnReceived(turn_id="turn_1", conversation_id="conv_1", text="hi", received_at=1.0)
    with pytest.raises(UndecodableMessage, match=r"turn\.received"):
        requester.submit(turn, timeout=60).result(SOON)
