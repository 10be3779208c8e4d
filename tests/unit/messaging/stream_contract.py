"""What answers of many parts promise. The same tests run on the bus in memory and, under tests/integration, on RabbitMQ."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Event, Thread

import pytest

from shared.contracts.chat.generation import GenerateText, GenerationCancelled, TextGenerated, TextPiece, TokensProduced
from shared.contracts.message import Message
from shared.errors import DeadlineExceeded, InvalidInput, ParleyError, Unavailable, UndecodableMessage
from shared.messaging.bus import Bus, Publisher
from shared.messaging.consuming.consumer import Consumer
from shared.messaging.consuming.handlers import Emitter, one_by_one
from shared.messaging.consuming.stream_consumer import StreamConsumer
from shared.messaging.encoded import pack
from shared.messaging.envelope import Part, envelope
from shared.messaging.requesting.reply_stream import ReplyStream
from shared.messaging.requesting.requester import Requester
from shared.messaging.topology import Queues
from tests.unit.messaging.samples import analyze, drain
from tests.waiting import wait_for

SOON = 10.0


def ask(prompt: str = "hello") -> GenerateText:
    return GenerateText(model="m", prompt=prompt)


def piece(text: str) -> TokensProduced:
    return TokensProduced(pieces=(TextPiece(text=text),))


def end(tokens: int = 0) -> TextGenerated:
    return TextGenerated(model="m", finish_reasons=("stop",), prompt_tokens=1, completion_tokens=tokens)


def words(parts: list[Message]) -> str:
    return "".join(part.pieces[0].text for part in parts if isinstance(part, TokensProduced))


def stream(requester: Requester, message: Message, timeout: float = SOON) -> ReplyStream:
    return requester.stream(message, timeout=timeout, cancelled=lambda name: GenerationCancelled(request_id=name))


def whole(answer: ReplyStream) -> list[Message]:
    """Every part."""
    parts: list[Message] = []
    while not answer.over:
        some = answer.receive(SOON)
        assert some, "nothing came"
        parts += some
    return parts


def error_of(answer: ReplyStream) -> tuple[str, ParleyError]:
    """The words that came, and what ended them."""
    parts: list[Message] = []
    try:
        while not answer.over:
            parts += answer.receive(SOON)
    except ParleyError as error:
        return words(parts), error
    pytest.fail("the answer was complete")


@contextmanager
def answering(
    bus: Bus, handle: Callable[[GenerateText, Emitter], None], *, limit: int = 64, heartbeat: float = 2.0
) -> Iterator[StreamConsumer]:
    """A process that answers, and hears of cancellations."""
    with bus.publisher() as publisher:
        streams = StreamConsumer(
            bus, Queues.LANGUAGE_MODELS, {GenerateText: handle}, publisher=publisher, limit=limit, heartbeat=heartbeat
        )

        def on_cancelled(message: GenerationCancelled) -> None:
            streams.cancel(message.request_id)

        news = Consumer(
            bus, Queues.cancellations("a"), {GenerationCancelled: one_by_one(on_cancelled)}, publisher=publisher
        )
        with news, streams:
            yield streams


def in_thread(work: Callable[[GenerateText, Emitter], None]) -> Callable[[GenerateText, Emitter], None]:
    """A handler that returns at once."""

    def handle(request: GenerateText, emitter: Emitter) -> None:
        Thread(target=work, args=(request, emitter), daemon=True).start()

    return handle


class StreamContract:
    """Subclasses have a fixture ``bus``."""

    @pytest.fixture
    def publisher(self, bus: Bus) -> Iterator[Publisher]:
        with bus.publisher() as publisher:
            yield publisher

    @pytest.fixture
    def requester(self, bus: Bus) -> Iterator[Requester]:
        with Requester(bus, "streams", limit=100, silence=1.5) as requester:
            yield requester

    def test_every_part_comes_in_order_and_then_the_end(self, bus: Bus, requester: Requester) -> None:
        def count(request: GenerateText, emitter: Emitter) -> None:
            for number in range(200):
                emitter.send(piece(f"{request.prompt}{number},"))
            emitter.finish(end(200))

        with answering(bus, in_thread(count)):
            answers = [stream(requester, ask(name)) for name in "abcdefgh"]
            for name, answer in zip("abcdefgh", answers, strict=True):
                parts = whole(answer)
                assert words(parts) == "".join(f"{name}{number}," for number in range(200))
                assert parts[-1] == end(200)
            wait_for(lambda: bus.depth(Queues.LANGUAGE_MODELS) == 0, SOON, "an empty queue")

    def test_parts_come_while_the_answer_is_made(self, bus: Bus, requester: Requester) -> None:
        go_on = Event()

        def slowly(_request: GenerateText, emitter: Emitter) -> None:
            emitter.send(piece("first"))
            assert go_on.wait(SOON)
            emitter.finish(end())

        with answering(bus, in_thread(slowly)):
            answer = stream(requester, ask())
            assert answer.receive(SOON) == [piece("first")]
            assert not answer.over
            go_on.set()
            assert answer.receive(SOON) == [end()]
            assert answer.over

    def test_no_more_are_taken_than_may_be_worked_at(self, bus: Bus, requester: Requester) -> None:
        taken: list[Emitter] = []
        with answering(bus, lambda _request, emitter: taken.append(emitter), limit=2):
            answers = [stream(requester, ask()) for _ in range(3)]
            wait_for(lambda: len(taken) == 2, SOON, "two requests")
            time.sleep(0.2)
            assert len(taken) == 2
            taken[0].finish(end())
            wait_for(lambda: len(taken) == 3, SOON, "the third")
            taken[1].finish(end())
            taken[2].finish(end())
            assert [whole(answer) for answer in answers] == [[end()]] * 3

    @pytest.mark.parametrize("error", [InvalidInput("too long", param="messages"), Unavailable("no room")])
    def test_a_handler_that_fails_tells_why_after_what_it_said(
        self, bus: Bus, requester: Requester, error: ParleyError
    ) -> None:
        def fail(_request: GenerateText, emitter: Emitter) -> None:
            emitter.send(piece("well"))
            emitter.fail(error)

        with answering(bus, fail):
            said, found = error_of(stream(requester, ask()))
        assert (said, type(found), found.message, found.param) == ("well", type(error), error.message, error.param)

    def test_a_handler_that_raises_has_failed_and_harms_no_other(self, bus: Bus, requester: Requester) -> None:
        def handle(request: GenerateText, emitter: Emitter) -> None:
            if request.prompt == "bad":
                raise ZeroDivisionError
            emitter.finish(end())

        with answering(bus, handle):
            bad, good = stream(requester, ask("bad")), stream(requester, ask("good"))
            _, error = error_of(bad)
            assert whole(good) == [end()]
        assert error.code == "internal_error"

    def test_what_nobody_handles_is_refused_and_kept(
        self, bus: Bus, publisher: Publisher, requester: Requester
    ) -> None:
        with answering(bus, lambda _request, emitter: emitter.finish(end())):
            publisher.send([replace(pack(envelope(analyze("secret"))), key="gen.lm")])
            publisher.send([replace(pack(envelope(ask())), body=b"{")])
            assert whole(stream(requester, ask())) == [end()]
            with bus.subscribe(Queues.DEAD, 10) as dead:
                letters = drain(dead, 2)
        assert len(letters) == 2
        assert b"secret" not in letters[0].body + letters[1].body

    def test_at_its_deadline_caller_and_handler_are_told(self, bus: Bus, requester: Requester) -> None:
        taken: list[Emitter] = []
        with answering(bus, lambda _request, emitter: taken.append(emitter)):
            _, error = error_of(stream(requester, ask(), timeout=0.4))
            assert isinstance(error, DeadlineExceeded)
            wait_for(lambda: taken[0].cancelled, SOON, "the handler to know")
            wait_for(lambda: bus.depth(Queues.LANGUAGE_MODELS) == 0, SOON, "an empty queue")

    def test_what_expired_before_it_came_is_not_begun(
        self, bus: Bus, publisher: Publisher, requester: Requester
    ) -> None:
        begun: list[str | None] = []

        def handle(request: GenerateText, emitter: Emitter) -> None:
            begun.append(request.prompt)
            emitter.finish(end())

        publisher.publish([envelope(ask("late"), deadline=time.time() + 0.05)])
        time.sleep(0.2)
        with answering(bus, handle):
            assert whole(stream(requester, ask("in time"))) == [end()]
        assert begun == ["in time"]

    def test_a_caller_who_leaves_frees_the_place(self, bus: Bus, requester: Requester) -> None:
        taken: list[Emitter] = []
        told = Event()

        def handle(_request: GenerateText, emitter: Emitter) -> None:
            taken.append(emitter)
            emitter.on_cancel(told.set)
            emitter.send(piece("x"))

        with answering(bus, handle, limit=1):
            first = stream(requester, ask())
            assert first.receive(SOON)
            first.cancel()
            assert told.wait(SOON)
            assert taken[0].cancelled
            second = stream(requester, ask())
            assert second.receive(SOON) == [piece("x")], "its place is free"
            taken[1].finish(end())
            assert whole(second) == [end()]

    def test_a_request_cancelled_before_it_is_taken_is_never_begun(self, bus: Bus, requester: Requester) -> None:
        taken: list[Emitter] = []
        with answering(bus, lambda _request, emitter: taken.append(emitter), limit=1) as streams:
            first, second = stream(requester, ask()), stream(requester, ask())
            wait_for(lambda: len(taken) == 1, SOON, "the first")
            second.cancel()
            wait_for(lambda: second.request_id in streams._unwanted, SOON, "the news")
            taken[0].finish(end())
            assert whole(first) == [end()]
            wait_for(lambda: bus.depth(Queues.LANGUAGE_MODELS) == 0, SOON, "an empty queue")
            time.sleep(0.1)
            assert len(taken) == 1

    def test_a_long_silence_is_no_death_while_the_process_lives(self, bus: Bus, requester: Requester) -> None:
        def think(_request: GenerateText, emitter: Emitter) -> None:
            emitter.send(piece("a"))
            time.sleep(2.5)
            emitter.send(piece("b"))
            emitter.finish(end())

        with answering(bus, in_thread(think), heartbeat=0.3):
            assert words(whole(stream(requester, ask()))) == "ab"

    def test_a_process_that_died_is_noticed_by_its_silence(
        self, bus: Bus, publisher: Publisher, requester: Requester
    ) -> None:
        answer = stream(requester, ask())
        with bus.subscribe(Queues.LANGUAGE_MODELS, 1) as dying:
            request = dying.receive(1, SOON)[0].decode()
            publisher.publish([request.answered_by(piece("a"), Part("one", 0))])
            began = time.monotonic()
            said, error = error_of(answer)
        assert (said, type(error)) == ("a", Unavailable)
        assert time.monotonic() - began < 5

    def test_an_answer_that_begins_anew_is_never_doubled(
        self, bus: Bus, publisher: Publisher, requester: Requester
    ) -> None:
        answer = stream(requester, ask())
        with bus.subscribe(Queues.LANGUAGE_MODELS, 1) as dying:
            request = dying.receive(1, SOON)[0].decode()
            publisher.publish([request.answered_by(piece("a"), Part("one", 0))])
            assert answer.receive(SOON) == [piece("a")]
        told = Event()

        def again(_request: GenerateText, emitter: Emitter) -> None:
            emitter.on_cancel(told.set)
            emitter.send(piece("a"))

        with answering(bus, again):
            said, error = error_of(answer)
            assert told.wait(SOON), "the second process stops"
        assert (said, type(error)) == ("", Unavailable)

    def test_a_process_that_died_before_it_said_anything_is_replaced(self, bus: Bus, requester: Requester) -> None:
        answer = stream(requester, ask())
        with bus.subscribe(Queues.LANGUAGE_MODELS, 1) as dying:
            assert dying.receive(1, SOON)
        with answering(bus, lambda _request, emitter: emitter.finish(end())):
            assert whole(answer) == [end()]

    def test_a_lost_part_is_an_error_and_a_repeated_one_is_none(
        self, bus: Bus, publisher: Publisher, requester: Requester
    ) -> None:
        good, bad = stream(requester, ask()), stream(requester, ask())
        with bus.subscribe(Queues.LANGUAGE_MODELS, 2) as subscription:
            requests = [delivery.decode() for delivery in drain(subscription, 2)]
        first = pack(requests[0].answered_by(piece("a"), Part("one", 0)))
        last = pack(requests[0].answered_by(end(), Part("one", 1, last=True)))
        publisher.send([first, first, last])
        publisher.publish([requests[1].answered_by(end(), Part("one", 1, last=True))])
        assert whole(good) == [piece("a"), end()]
        _, error = error_of(bad)
        assert "lost" in error.message

    def test_a_stopping_process_tells_those_it_answers_and_gives_the_others_back(
        self, bus: Bus, requester: Requester
    ) -> None:
        taken: list[Emitter] = []

        def handle(request: GenerateText, emitter: Emitter) -> None:
            taken.append(emitter)
            if request.prompt == "begun":
                emitter.send(piece("a"))

        with answering(bus, handle):
            begun, waiting = stream(requester, ask("begun")), stream(requester, ask("waiting"))
            assert begun.receive(SOON)
            wait_for(lambda: len(taken) == 2, SOON, "both")
        _, error = error_of(begun)
        assert isinstance(error, Unavailable)
        assert all(emitter.cancelled for emitter in taken)
        with answering(bus, lambda _request, emitter: emitter.finish(end())):
            assert whole(waiting) == [end()]

    def test_an_answer_that_cannot_be_decoded_is_an_error(
        self, bus: Bus, publisher: Publisher, requester: Requester
    ) -> None:
        answer = stream(requester, ask())
        with bus.subscribe(Queues.LANGUAGE_MODELS, 1) as subscription:
            request = drain(subscription, 1)[0].decode()
        publisher.send([replace(pack(request.answered_by(piece("a"), Part("one", 0))), body=b"{}")])
        _, error = error_of(answer)
        assert isinstance(error, UndecodableMessage)

    def test_closing_ends_every_answer(self, bus: Bus) -> None:
        with Requester(bus, "closing") as requester:
            answer = stream(requester, ask())
        with pytest.raises(Unavailable, match="shut down"):
            answer.receive(0)
        with pytest.raises(Unavailable, match="shutting down"):
            stream(requester, ask())
