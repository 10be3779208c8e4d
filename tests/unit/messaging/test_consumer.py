"""The consumer loop: whatever a handler does, every message is answered, kept or given back, exactly once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from threading import Event, Thread

import pytest
from structlog.testing import capture_logs

from shared.contracts.chat.analysis import AnalyzeText
from shared.contracts.message import Message
from shared.contracts.releases import BotPublished
from shared.contracts.training.jobs import JobQueued
from shared.errors import (
    DeadlineExceeded,
    InvalidInput,
    NoModel,
    NotFound,
    ParleyError,
    TooManyRequests,
    Unavailable,
    UndecodableMessage,
)
from shared.messaging.bus import Bus, Delivery, Publisher, Subscription
from shared.messaging.consuming.consumer import Consumer
from shared.messaging.consuming.handlers import Handlers, one_by_one
from shared.messaging.encoded import pack
from shared.messaging.envelope import envelope
from shared.messaging.memory.bus import MemoryBus
from shared.messaging.requesting.requester import Requester
from shared.messaging.topology import Queues, QueueSpec
from shared.telemetry.correlation import correlation_id
from tests.unit.messaging.samples import analyze, analyzed, drain, events_queue, job, progress

SOON = 10.0


@pytest.fixture
def bus() -> MemoryBus:
    return MemoryBus()


@pytest.fixture
def publisher(bus: MemoryBus) -> Iterator[Publisher]:
    with bus.publisher() as publisher:
        yield publisher


@pytest.fixture
def requester(bus: MemoryBus) -> Iterator[Requester]:
    with Requester(bus, "test") as requester:
        yield requester


@contextmanager
def consuming(
    bus: Bus, queue: QueueSpec, kind: type[Message], handle: Callable[..., Message | None], *, batch_size: int = 64
) -> Iterator[Consumer]:
    with (
        bus.publisher() as publisher,
        Consumer(bus, queue, {kind: one_by_one(handle)}, publisher=publisher, batch_size=batch_size) as consumer,
    ):
        yield consumer


def dead_letters(bus: Bus, count: int) -> list[Delivery]:
    with bus.subscribe(Queues.DEAD, 100) as dead:
        letters = drain(dead, count)
        assert dead.receive(1, 0) == []
    return letters


def failing(*errors: Exception) -> Callable[[Message], Message | None]:
    """Raises these, one a call, and works from then on."""
    left = list(errors)

    def handle(message: Message) -> Message | None:
        if left:
            raise left.pop(0)
        return analyzed() if isinstance(message, AnalyzeText) else None

    return handle


class TestHandling:
    """Good days."""

    def test_a_request_is_answered(self, bus: MemoryBus, requester: Requester) -> None:
        with consuming(bus, Queues.NLU, AnalyzeText, lambda request: analyzed(len(request.texts))):
            assert requester.submit(analyze("a", "b"), timeout=SOON).result() == analyzed(2)

    def test_what_waits_is_handled_together(self, bus: MemoryBus, publisher: Publisher) -> None:
        batches: list[list[str]] = []
        done = Event()

        def handle(requests: Sequence[AnalyzeText]) -> list[Message | None]:
            batches.append([request.texts[0] for request in requests])
            if sum(map(len, batches)) == 5:
                done.set()
            return [None] * len(requests)

        publisher.publish([envelope(analyze(str(number))) for number in range(5)])
        with Consumer(bus, Queues.NLU, {AnalyzeText: handle}, publisher=publisher, batch_size=3):
            assert done.wait(SOON)
        assert batches == [["0", "1", "2"], ["3", "4"]]

    def test_the_handler_and_what_it_publishes_see_the_correlation_id(
        self, bus: MemoryBus, publisher: Publisher, requester: Requester
    ) -> None:
        seen: list[str] = []

        def handle(_: AnalyzeText) -> Message:
            seen.append(correlation_id())
            publisher.publish([envelope(BotPublished(version=1))])
            return analyzed()

        with (
            bus.subscribe(Queues.releases("nlu", "a"), 10) as releases,
            consuming(bus, Queues.NLU, AnalyzeText, handle),
        ):
            requester.submit(analyze(), timeout=SOON, correlation_id="the-id").result()
            assert drain(releases, 1)[0].decode().correlation_id == "the-id"
        assert seen == ["the-id"]

    def test_an_answer_to_nobody_is_dropped(self, bus: MemoryBus, publisher: Publisher) -> None:
        publisher.publish([envelope(analyze())])
        with consuming(bus, Queues.NLU, AnalyzeText, lambda _: analyzed()):
            wait_until(lambda: bus.depth(Queues.NLU) == 0)
        assert bus.depth(Queues.NLU) == 0
        assert bus.depth(Queues.DEAD) == 0


class TestErrors:
    """Errors that repeating does not cure."""

    def test_the_caller_gets_the_error_that_was_raised(self, bus: MemoryBus, requester: Requester) -> None:
        error = NotFound("no such model; list them with GET /v1/models", param="model")
        with (
            consuming(bus, Queues.NLU, AnalyzeText, failing(error)),
            pytest.raises(NotFound, match="list them") as raised,
        ):
            requester.submit(analyze(), timeout=SOON).result()
        assert raised.value.param == "model"
        assert bus.depth(Queues.DEAD) == 0

    def test_of_a_bug_the_caller_learns_nothing_but_the_fact(self, bus: MemoryBus, requester: Requester) -> None:
        with (
            consuming(bus, Queues.NLU, AnalyzeText, failing(ValueError("secret words"))),
            pytest.raises(ParleyError) as raised,
        ):
            requester.submit(analyze("secret words"), timeout=SOON).result()
        assert raised.value.code == "internal_error"
        assert "secret" not in str(raised.value)

    def test_one_poisonous_message_harms_no_other(self, bus: MemoryBus, requester: Requester) -> None:
        def handle(request: AnalyzeText) -> Message:
            if request.texts == ("poison",):
                raise ValueError
            return analyzed()

        futures = [requester.submit(analyze(text), timeout=SOON) for text in ("a", "poison", "b")]
        with consuming(bus, Queues.NLU, AnalyzeText, handle):
            assert futures[0].result() == futures[2].result() == analyzed()
            with pytest.raises(ParleyError):
                futures[1].result()

    def test_a_batch_handler_that_answers_too_few_fails(self, bus: MemoryBus, requester: Requester) -> None:
        handlers: Handlers = {AnalyzeText: lambda _: []}
        with (
            bus.publisher() as publisher,
            Consumer(bus, Queues.NLU, handlers, publisher=publisher),
            pytest.raises(ParleyError, match="its log says where"),
        ):
            requester.submit(analyze(), timeout=SOON).result()

    def test_a_durable_message_becomes_a_dead_letter_with_the_reason(
        self, bus: MemoryBus, publisher: Publisher
    ) -> None:
        publisher.publish([envelope(job(), correlation_id="c")])
        with consuming(bus, Queues.TRAIN_CPU, JobQueued, failing(InvalidInput("no such job", code="gone"))):
            letter = dead_letters(bus, 1)[0]
        assert dict(letter.encoded.headers) == {
            "reason": "no such job",
            "code": "gone",
            "queue": "train.cpu",
            "original-type": "job.queued",
        }
        assert letter.decode().message == job()
        assert letter.encoded.correlation_id == "c"

    def test_what_cannot_be_decoded_is_kept_without_the_customers_words(
        self, bus: MemoryBus, publisher: Publisher, requester: Requester
    ) -> None:
        good = pack(envelope(analyze("secret")))
        publisher.send([replace(good, body=b"secret \xff"), replace(good, version=9), replace(good, type="unheard.of")])
        with consuming(bus, Queues.NLU, AnalyzeText, lambda _: analyzed()):
            letters = dead_letters(bus, 3)
            assert requester.submit(analyze(), timeout=SOON).result() == analyzed()
        assert all(letter.encoded.headers["code"] == "undecodable_message" for letter in letters)
        assert not any(b"secret" in letter.body for letter in letters)
        assert json.loads(letters[1].body)["texts"] == "[masked]"

    def test_a_caller_whose_request_cannot_be_decoded_is_told(self, bus: MemoryBus, publisher: Publisher) -> None:
        request = pack(envelope(analyze(), reply_to="rpc.reply.a", request_id="r"))
        with bus.subscribe(Queues.reply("a"), 10) as replies, consuming(bus, Queues.NLU, AnalyzeText, failing()):
            publisher.send([replace(request, body=b"[]")])
            reply = drain(replies, 1)[0].decode()
        assert (reply.request_id, reply.message.TYPE) == ("r", "message.failed")

    def test_a_type_without_handler_is_told_and_kept(self, bus: MemoryBus, requester: Requester) -> None:
        with (
            consuming(bus, Queues.NLU, JobQueued, failing()),
            pytest.raises(UndecodableMessage, match=r"nobody handles text\.analyze"),
        ):
            requester.submit(analyze(), timeout=SOON).result()
        assert len(dead_letters(bus, 1)) == 1


class TestPatience:
    """Errors that may pass."""

    def test_a_request_is_repeated_while_its_caller_waits(self, bus: MemoryBus, requester: Requester) -> None:
        away = [Unavailable("the database is away") for _ in range(3)]
        with consuming(bus, Queues.NLU, AnalyzeText, failing(*away)):
            assert requester.submit(analyze(), timeout=SOON).result() == analyzed()

    def test_in_the_end_the_caller_learns_what_was_wrong(self, bus: MemoryBus, requester: Requester) -> None:
        away = [Unavailable("the database is away") for _ in range(100)]
        with (
            consuming(bus, Queues.NLU, AnalyzeText, failing(*away)),
            pytest.raises(Unavailable, match="database is away"),
        ):
            requester.submit(analyze(), timeout=0.4).result()

    def test_a_missing_model_is_told_at_once_and_to_the_caller_only(self, bus: MemoryBus, requester: Requester) -> None:
        missing = [NoModel("promote one first") for _ in range(100)]
        started = time.monotonic()
        with (
            capture_logs() as entries,
            consuming(bus, Queues.NLU, AnalyzeText, failing(*missing)),
            pytest.raises(NoModel, match="promote one"),
        ):
            requester.submit(analyze(), timeout=60).result(SOON)
        assert time.monotonic() - started < SOON
        assert [entry for entry in entries if entry["log_level"] != "debug"] == []

    def test_durable_work_is_repeated_and_holds_up_nobody(self, bus: MemoryBus, publisher: Publisher) -> None:
        order: list[str] = []
        done = Event()

        def handle(queued: JobQueued) -> None:
            if queued == job(1) and order.count(job(1).job_id) < 2:
                order.append(queued.job_id)
                raise Unavailable("the database is away")
            order.append(queued.job_id)
            if order.count(job(1).job_id) == 3:
                done.set()

        publisher.publish([envelope(job(1)), envelope(job(2)), envelope(job(3))])
        with consuming(bus, Queues.TRAIN_CPU, JobQueued, handle):
            assert done.wait(SOON)
        assert order.count(job(2).job_id) == order.count(job(3).job_id) == 1
        assert order[-1] == job(1).job_id
        assert bus.depth(Queues.TRAIN_CPU) == bus.depth(Queues.DEAD) == 0

    def test_an_answer_that_finds_no_room_waits_without_being_made_again(
        self, bus: MemoryBus, publisher: Publisher
    ) -> None:
        handled: list[AnalyzeText] = []

        def handle(request: AnalyzeText) -> Message:
            handled.append(request)
            return travel_on(request)

        tiny = events_queue("tiny", max_length=1)
        with bus.subscribe(tiny, 1) as subscription:
            publisher.publish([envelope(analyze(text), deadline=time.time() + SOON) for text in "abc"])
            with consuming(bus, Queues.NLU, AnalyzeText, handle):
                wait_until(lambda: len(handled) == 3)
                assert len(drain(subscription, 3)) == 3
        assert len(handled) == 3

    def test_an_answer_that_never_finds_room_is_told_to_the_caller(self, bus: MemoryBus, requester: Requester) -> None:
        tiny = events_queue("tiny", max_length=0)
        with (
            bus.subscribe(tiny, 1),
            consuming(bus, Queues.NLU, AnalyzeText, travel_on),
            pytest.raises(TooManyRequests, match="tiny is full"),
        ):
            requester.submit(analyze(), timeout=0.4).result()

    def test_an_expired_request_is_not_handled(self, bus: MemoryBus) -> None:
        now = time.time()
        handled: list[Message] = []
        request = envelope(analyze(), reply_to="rpc.reply.a", deadline=now + 60, request_id="r")
        with bus.subscribe(Queues.reply("a"), 10) as replies, bus.publisher() as publisher:
            publisher.publish([request])
            handlers: Handlers = {AnalyzeText: one_by_one(handled.append)}
            with Consumer(bus, Queues.NLU, handlers, publisher=publisher, clock=lambda: now + 61):
                reply = drain(replies, 1)[0].decode()
        assert getattr(reply.message, "code", None) == DeadlineExceeded.default_code
        assert not handled


class TestTheEnd:
    """Stopping, and what a handler can do to a loop."""

    def test_stopping_is_immediate_when_idle_and_while_work_waits(self, bus: MemoryBus, publisher: Publisher) -> None:
        away = [Unavailable("away") for _ in range(1000)]
        started = time.monotonic()
        with consuming(bus, Queues.TRAIN_CPU, JobQueued, failing(*away)) as consumer:
            assert consumer.alive
        publisher.publish([envelope(job())])
        with consuming(bus, Queues.TRAIN_CPU, JobQueued, failing(*away)):
            wait_until(lambda: bus.depth(Queues.TRAIN_CPU) == 0)
        assert not consumer.alive
        assert time.monotonic() - started < SOON
        assert bus.depth(Queues.TRAIN_CPU) == 1

    @pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
    def test_an_exit_gives_back_the_batch_and_ends_the_loop(
        self, bus: MemoryBus, publisher: Publisher, error: type[BaseException]
    ) -> None:
        def handle(_: JobQueued) -> None:
            raise error

        publisher.publish([envelope(job(number)) for number in range(3)])
        consumer = Consumer(bus, Queues.TRAIN_CPU, {JobQueued: one_by_one(handle)}, publisher=publisher)
        with pytest.raises(error):
            consumer.run()
        assert bus.depth(Queues.TRAIN_CPU) == 3

    def test_an_exit_in_a_thread_ends_it_visibly(self, bus: MemoryBus, publisher: Publisher) -> None:
        def handle(_: JobQueued) -> None:
            raise SystemExit

        with consuming(bus, Queues.TRAIN_CPU, JobQueued, handle) as consumer:
            publisher.publish([envelope(job())])
            wait_until(lambda: not consumer.alive)
            assert not consumer.alive
        assert bus.depth(Queues.TRAIN_CPU) == 1

    def test_stop_may_come_before_run(self, bus: MemoryBus, publisher: Publisher) -> None:
        consumer = Consumer(bus, Queues.NLU, {}, publisher=publisher)
        consumer.stop()
        thread = Thread(target=consumer.run)
        thread.start()
        thread.join(SOON)
        assert not thread.is_alive()

    def test_a_bus_that_breaks_is_joined_again(self, bus: MemoryBus, requester: Requester) -> None:
        class BreaksOnce(MemoryBus):
            broken = False

            @contextmanager
            def subscribe(self, queue: QueueSpec, prefetch: int) -> Iterator[Subscription]:
                if not self.broken:
                    self.broken = True
                    raise RuntimeError
                with bus.subscribe(queue, prefetch) as subscription:
                    yield subscription

        breaking = BreaksOnce()
        handlers: Handlers = {AnalyzeText: one_by_one(lambda _: analyzed())}
        with bus.publisher() as publisher, Consumer(breaking, Queues.NLU, handlers, publisher=publisher):
            assert requester.submit(analyze(), timeout=SOON).result() == analyzed()

    def test_a_bus_that_stays_broken_keeps_nobody_from_starting_and_stopping(self, publisher: Publisher) -> None:
        class Broken(MemoryBus):
            @contextmanager
            def subscribe(self, queue: QueueSpec, prefetch: int) -> Iterator[Subscription]:
                raise RuntimeError(queue.name, prefetch)
                yield

        def live() -> None:
            with Consumer(Broken(), Queues.NLU, {}, publisher=publisher) as consumer:
                assert consumer.alive

        thread = Thread(target=live)
        thread.start()
        thread.join(SOON)
        assert not thread.is_alive()


def travel_on(request: AnalyzeText) -> Message:
    """An answer that goes to a queue with a limit."""
    return progress(len(request.texts[0]))


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
