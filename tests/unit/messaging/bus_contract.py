"""What every bus promises. The same tests run on the bus in memory and, under tests/integration, on RabbitMQ."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from threading import Thread, Timer

import pytest

from shared.contracts.message import Exchange
from shared.contracts.releases import BotPublished, ModelPublished
from shared.contracts.training.jobs import JobQueued, TrainingProgressed
from shared.errors import TooManyRequests, UndecodableMessage
from shared.messaging.bus import Bus, Delivery, Publisher, QueueLoad, Subscription
from shared.messaging.encoded import pack
from shared.messaging.envelope import envelope
from shared.messaging.requesting.requester import Requester
from shared.messaging.topology import Queues
from tests.unit.messaging.samples import alert, analyze, analyzed, drain, events_queue, job, observed, texts

#: Seconds within which something must happen, on a busy machine.
SOON = 10.0
#: Seconds to see that something does not happen.
WHILE = 0.2


class BusContract:
    """Subclasses have a fixture ``bus``."""

    @pytest.fixture
    def publisher(self, bus: Bus) -> Iterator[Publisher]:
        with bus.publisher() as publisher:
            yield publisher

    # Routing

    def test_a_request_goes_to_the_queue_of_its_route_alone(self, bus: Bus, publisher: Publisher) -> None:
        publisher.publish([envelope(analyze("hi"))])
        with bus.subscribe(Queues.NLU, 10) as nlu, bus.subscribe(Queues.GENERATION, 10) as generation:
            assert texts(drain(nlu, 1)) == ["hi"]
            assert generation.receive(10, WHILE) == []

    def test_requests_and_durable_events_wait_for_a_service_that_starts_later(
        self, bus: Bus, publisher: Publisher
    ) -> None:
        publisher.publish([envelope(job()), envelope(observed())])
        with bus.subscribe(Queues.TRAIN_CPU, 10) as train, bus.subscribe(Queues.MONITORING, 10) as monitoring:
            assert drain(train, 1)[0].decode().message == job()
            assert drain(monitoring, 1)[0].decode().message == observed()

    def test_every_process_hears_of_releases_and_of_nothing_else(self, bus: Bus, publisher: Publisher) -> None:
        releases = [ModelPublished(slot="nlu", model_id="m"), BotPublished(version=2)]
        with (
            bus.subscribe(Queues.releases("nlu", "a"), 10) as one,
            bus.subscribe(Queues.releases("nlu", "b"), 10) as other,
        ):
            publisher.publish([envelope(message) for message in (releases[0], alert(), releases[1])])
            for subscription in (one, other):
                assert [delivery.decode().message for delivery in drain(subscription, 2)] == releases
                assert subscription.receive(10, WHILE) == []

    def test_the_feed_hears_of_alerts_and_training(self, bus: Bus, publisher: Publisher) -> None:
        progress = TrainingProgressed(job_id="ftjob-1", status="running")
        with bus.subscribe(Queues.feed("a"), 10) as feed:
            publisher.publish([envelope(alert()), envelope(BotPublished(version=2)), envelope(progress)])
            heard = [delivery.decode().message for delivery in drain(feed, 2)]
        assert sorted(message.TYPE for message in heard) == ["alert.raised", "training.progressed"]

    def test_a_reply_goes_to_the_queue_that_the_request_named(self, bus: Bus, publisher: Publisher) -> None:
        request = envelope(analyze(), reply_to="rpc.reply.a", request_id="r", correlation_id="c")
        with bus.subscribe(Queues.reply("a"), 10) as mine, bus.subscribe(Queues.reply("b"), 10) as other:
            publisher.publish([request.answered_by(analyzed(3))])
            reply = drain(mine, 1)[0].decode()
            assert (reply.message, reply.request_id, reply.correlation_id) == (analyzed(3), "r", "c")
            assert other.receive(10, WHILE) == []

    def test_a_reply_to_nobody_is_dropped(self, publisher: Publisher) -> None:
        publisher.publish([envelope(analyze(), reply_to="rpc.reply.gone").answered_by(analyzed())])

    def test_the_envelope_arrives_as_it_was(self, bus: Bus, publisher: Publisher) -> None:
        sent = envelope(
            analyze("schön, 请"),
            reply_to="rpc.reply.a",
            deadline=time.time() + 60.25,
            correlation_id="c",
            request_id="r",
        )
        publisher.publish([sent])
        with bus.subscribe(Queues.NLU, 10) as nlu:
            assert drain(nlu, 1)[0].decode() == sent

    # Receiving and settling

    def test_receive_takes_all_at_hand_up_to_the_limit(self, bus: Bus, publisher: Publisher) -> None:
        with bus.subscribe(Queues.TRAIN_CPU, 100) as subscription:
            publisher.publish([envelope(job(number)) for number in range(30)])
            time.sleep(WHILE)
            first = subscription.receive(20, SOON)
            assert len(first) == 20
            assert len(subscription.receive(20, SOON)) == 10

    def test_receive_returns_empty_handed_at_its_timeout(self, bus: Bus) -> None:
        with bus.subscribe(Queues.NLU, 10) as subscription:
            started = time.monotonic()
            assert subscription.receive(10, WHILE) == []
            assert WHILE <= time.monotonic() - started < SOON

    def test_an_interrupt_ends_the_receive_under_way_and_else_the_next_one(self, bus: Bus) -> None:
        with bus.subscribe(Queues.NLU, 10) as subscription:
            started = time.monotonic()
            timer = Timer(WHILE, subscription.interrupt)
            timer.start()
            assert subscription.receive(10, 30.0) == []
            timer.join()
            subscription.interrupt()
            assert subscription.receive(10, 30.0) == []
            assert time.monotonic() - started < SOON
            assert subscription.receive(10, WHILE) == []

    def test_prefetch_bounds_what_is_unsettled(self, bus: Bus, publisher: Publisher) -> None:
        publisher.publish([envelope(job(number)) for number in range(5)])
        with bus.subscribe(Queues.TRAIN_CPU, 2) as subscription:
            first = [*subscription.receive(10, SOON), *subscription.receive(1, WHILE)]
            assert len(first) == 2
            subscription.settle(first[:1])
            assert len(subscription.receive(10, SOON)) == 1

    def test_what_was_not_settled_comes_back_in_order_and_marked(self, bus: Bus, publisher: Publisher) -> None:
        publisher.publish([envelope(job(number)) for number in range(4)])
        with bus.subscribe(Queues.TRAIN_CPU, 10) as first:
            taken = take(first, 4)
            assert not any(delivery.redelivered for delivery in taken)
            first.settle([taken[1], taken[3]])
        with bus.subscribe(Queues.TRAIN_CPU, 10) as second:
            again = drain(second, 2)
            assert [delivery.decode().message for delivery in again] == [job(0), job(2)]
            assert all(delivery.redelivered for delivery in again)
            assert again[0].decode().message_id == taken[0].decode().message_id
        assert bus.depth(Queues.TRAIN_CPU) == 0

    def test_queues_tell_what_waits_and_who_takes(self, bus: Bus, publisher: Publisher) -> None:
        publisher.publish([envelope(job(number)) for number in range(3)])
        unmade = replace(Queues.TRAIN_CPU, name="never.made")
        with bus.subscribe(Queues.MONITORING, 10), bus.subscribe(Queues.MONITORING, 10):
            loads = bus.loads([Queues.TRAIN_CPU, unmade, Queues.MONITORING])
        assert loads == [QueueLoad(waiting=3, consumers=0), None, QueueLoad(waiting=0, consumers=2)]

    def test_settling_twice_does_no_harm(self, bus: Bus, publisher: Publisher) -> None:
        publisher.publish([envelope(job(number)) for number in range(2)])
        with bus.subscribe(Queues.TRAIN_CPU, 10) as subscription:
            taken = take(subscription, 2)
            subscription.settle(taken[:1])
            subscription.settle(taken[:1])
            subscription.settle([])
        assert eventually_depth(bus, 1) == 1

    def test_consumers_of_one_queue_share_its_messages(self, bus: Bus, publisher: Publisher) -> None:
        with bus.subscribe(Queues.TRAIN_CPU, 3) as one, bus.subscribe(Queues.TRAIN_CPU, 3) as other:
            publisher.publish([envelope(job(number)) for number in range(6)])
            taken = [*take(one, 3), *take(other, 3)]
        assert sorted(str(delivery.decode().message) for delivery in taken) == sorted(str(job(n)) for n in range(6))

    def test_depth_counts_what_waits(self, bus: Bus, publisher: Publisher) -> None:
        assert bus.depth(Queues.reply("never-made")) == 0
        publisher.publish([envelope(job(number)) for number in range(3)])
        assert eventually_depth(bus, 3) == 3

    # Limits

    def test_a_request_vanishes_at_its_deadline(self, bus: Bus, publisher: Publisher) -> None:
        publisher.publish([envelope(analyze("late"), deadline=time.time() + 0.1), envelope(analyze("in time"))])
        time.sleep(0.1 + WHILE)
        with bus.subscribe(Queues.NLU, 10) as nlu:
            assert texts(drain(nlu, 2, WHILE)) == ["in time"]

    def test_a_durable_message_outlives_its_deadline(self, bus: Bus, publisher: Publisher) -> None:
        publisher.publish([envelope(job(), deadline=time.time() + 0.1)])
        time.sleep(0.1 + WHILE)
        with bus.subscribe(Queues.TRAIN_CPU, 10) as train:
            assert len(drain(train, 1)) == 1

    def test_a_queue_lets_messages_wait_no_longer_than_it_says(self, bus: Bus, publisher: Publisher) -> None:
        short = events_queue("short", message_ttl=0.1)
        with bus.subscribe(short, 1) as subscription:
            publisher.publish([envelope(alert(1)), envelope(alert(2))])
            held = subscription.receive(1, SOON)
            time.sleep(0.1 + WHILE)
            subscription.settle(held)
            assert subscription.receive(1, WHILE) == []

    def test_a_full_queue_refuses_the_publisher(self, bus: Bus, publisher: Publisher) -> None:
        full = events_queue("full", max_length=2)
        with bus.subscribe(full, 1):
            pass
        publisher.publish([envelope(alert(1)), envelope(alert(2))])
        with pytest.raises(TooManyRequests, match="full"):
            publisher.publish([envelope(alert(3))])
        with bus.subscribe(full, 10) as subscription:
            assert len(drain(subscription, 2)) == 2
            publisher.publish([envelope(alert(4))])
            assert drain(subscription, 1)[0].decode().message == alert(4)

    def test_a_request_that_finds_its_queue_full_fails_at_once(self, bus: Bus, publisher: Publisher) -> None:
        publisher.publish([envelope(analyze())] * Queues.NLU.max_length)
        with Requester(bus, "late") as requester:
            while bus.depth(Queues.NLU) < Queues.NLU.max_length:
                time.sleep(0.01)
            began = time.monotonic()
            with pytest.raises(TooManyRequests, match="full"):
                requester.submit(analyze(), timeout=60).result()
        assert time.monotonic() - began < SOON

    def test_a_queue_that_may_forget_keeps_the_newest(self, bus: Bus, publisher: Publisher) -> None:
        forgetful = events_queue("forgetful", max_length=2, drop_oldest=True)
        with bus.subscribe(forgetful, 1):
            pass
        publisher.publish([envelope(alert(number)) for number in range(5)])
        with bus.subscribe(forgetful, 10) as subscription:
            assert [delivery.decode().message for delivery in drain(subscription, 2)] == [alert(3), alert(4)]

    # Load and strangers

    def test_order_is_kept(self, bus: Bus, publisher: Publisher) -> None:
        with bus.subscribe(Queues.NLU, 1000) as nlu:
            for number in range(0, 500, 5):
                publisher.publish([envelope(analyze(str(number + offset))) for offset in range(5)])
            assert texts(drain(nlu, 500)) == [str(number) for number in range(500)]

    @pytest.mark.parametrize("size", [131_000, 131_072, 3_000_000])
    def test_large_bodies(self, bus: Bus, publisher: Publisher, size: int) -> None:
        with bus.subscribe(Queues.NLU, 10) as nlu:
            publisher.publish([envelope(analyze("x" * size)), envelope(analyze("small"))])
            assert [len(text) for text in texts(drain(nlu, 2))] == [size, 5]

    def test_many_threads_may_publish_at_once(self, bus: Bus, publisher: Publisher) -> None:
        def publish(thread: int) -> None:
            for start in range(0, 50, 10):
                publisher.publish([envelope(job(1000 * thread + start + offset)) for offset in range(10)])

        threads = [Thread(target=publish, args=(number,)) for number in range(6)]
        with bus.subscribe(Queues.TRAIN_CPU, 1000) as subscription:
            for each in threads:
                each.start()
            taken = drain(subscription, 300)
            for each in threads:
                each.join()
        numbers = [int(job_id(delivery.decode().message).removeprefix("ftjob-")) for delivery in taken]
        assert sorted(numbers) == sorted(1000 * thread + number for thread in range(6) for number in range(50))
        for thread in range(6):
            own = [number for number in numbers if number // 1000 == thread]
            assert own == sorted(own), "each thread's messages keep their order"

    def test_garbage_is_delivered_and_cannot_be_decoded(self, bus: Bus, publisher: Publisher) -> None:
        good = pack(envelope(analyze("secret")))
        bad = [replace(good, body=b"\xff\x00{"), replace(good, type="unheard.of"), replace(good, version=99)]
        publisher.send([*bad, replace(good, body=b""), good])
        with bus.subscribe(Queues.NLU, 10) as nlu:
            *garbage, last = drain(nlu, 5)
        assert last.decode().message == analyze("secret")
        for delivery in garbage:
            with pytest.raises(UndecodableMessage) as raised:
                delivery.decode()
            assert "secret" not in str(raised.value)

    def test_dead_letters_keep_their_headers(self, bus: Bus, publisher: Publisher) -> None:
        letter = replace(
            pack(envelope(job())), exchange=Exchange.REPLY, key="dead", headers={"reason": "it is über", "code": "x"}
        )
        publisher.send([letter])
        with bus.subscribe(Queues.DEAD, 10) as dead:
            buried = drain(dead, 1)[0]
        assert dict(buried.encoded.headers) == {"reason": "it is über", "code": "x"}
        assert buried.body == letter.body

    def test_publishing_nothing_is_nothing(self, publisher: Publisher) -> None:
        publisher.publish([])


def take(subscription: Subscription, count: int) -> list[Delivery]:
    """Receive without settling."""
    taken: list[Delivery] = []
    while len(taken) < count and (some := subscription.receive(count - len(taken), SOON)):
        taken += some
    return taken


def job_id(message: object) -> str:
    assert isinstance(message, JobQueued)
    return message.job_id


def eventually_depth(bus: Bus, expected: int) -> int:
    """Quorum queues count what was given back a moment later."""
    deadline = time.monotonic() + SOON
    while (depth := bus.depth(Queues.TRAIN_CPU)) != expected and time.monotonic() < deadline:
        time.sleep(0.05)
    return depth
