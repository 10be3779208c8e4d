"""RabbitMQ keeps the contract of every bus; strangers and idleness do no harm."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial

import pytest
from kombu.connection import Connection
from kombu.entity import Queue
from kombu.messaging import Producer

from shared.contracts.message import Message
from shared.errors import InvalidInput, Unavailable, UndecodableMessage
from shared.messaging.bus import Bus
from shared.messaging.connect import connect
from shared.messaging.consuming.consumer import Consumer
from shared.messaging.encoded import pack
from shared.messaging.envelope import envelope
from shared.messaging.rabbitmq.declaration import queue_arguments
from shared.messaging.topology import Queues, QueueSpec
from tests.unit.messaging.bus_contract import BusContract
from tests.unit.messaging.samples import alert, analyze, drain, events_queue, job, observed
from tests.waiting import wait_for


class TestRabbitBus(BusContract):
    """All promises."""

    def test_strangers_messages_are_delivered_and_cannot_be_decoded(self, bus: Bus, broker: str, prefix: str) -> None:
        with bus.subscribe(Queues.TRAIN_CPU, 10) as subscription:
            with Connection(broker) as connection:  # type: ignore[no-untyped-call]
                producer = Producer(connection)  # type: ignore[no-untyped-call]
                publish = partial(producer.publish, routing_key=prefix + "train.cpu")
                for body, serializer in (({"job": 1}, "json"), (b"\x80\x04", "pickle"), ("words", None)):
                    publish(body, serializer=serializer)
                odd = {"version": "one", "deadline": "soon", "request-id": 7, "nested": {"a": [1]}}
                publish({}, headers=odd, type="job.queued")
            strange = drain(subscription, 4)
        assert len(strange) == 4
        for delivery in strange:
            with pytest.raises(UndecodableMessage):
                delivery.decode()

    def test_a_deleted_queue_is_made_again(self, bus: Bus, broker: str, prefix: str) -> None:
        spec = events_queue("deleted")
        with bus.subscribe(spec, 10) as subscription, bus.publisher() as publisher:
            with Connection(broker) as connection:  # type: ignore[no-untyped-call]
                connection.default_channel.queue_delete(prefix + spec.name)
            assert subscription.receive(1, 1.0) == []
            publisher.publish([envelope(alert())])
            assert len(drain(subscription, 1)) == 1

    def test_idleness_costs_nothing(self, bus: Bus) -> None:
        with bus.publisher() as publisher, bus.subscribe(Queues.NLU, 10) as subscription:
            publisher.publish([envelope(job())])
            before = time.process_time()
            assert subscription.receive(1, 2.0) == []
            assert time.process_time() - before < 0.05

    def test_celery_and_the_bus_agree_on_the_training_queue(self, bus: Bus, broker: str, prefix: str) -> None:
        with bus.publisher() as publisher:
            publisher.publish([envelope(job())])
        arguments = queue_arguments(Queues.TRAIN_CPU, prefix)
        with Connection(broker) as connection:  # type: ignore[no-untyped-call]
            queue = Queue(prefix + "train.cpu", queue_arguments=arguments)  # type: ignore[no-untyped-call]
            queue(connection.default_channel).queue_declare()  # type: ignore[no-untyped-call]

    def test_a_message_that_cannot_be_encoded_fails_alone(self, bus: Bus) -> None:
        bad = replace(pack(envelope(job(1))), type="x" * 300)
        with bus.publisher() as publisher, bus.subscribe(Queues.TRAIN_CPU, 10) as subscription:
            with pytest.raises(InvalidInput, match="cannot be encoded"):
                publisher.send([bad])
            publisher.publish([envelope(job(2))])
            assert drain(subscription, 1)[0].decode().message == job(2)

    @pytest.mark.parametrize(("spec", "message"), [(Queues.MONITORING, observed()), (Queues.TRAIN_CPU, job())])
    def test_what_must_not_be_lost_makes_its_missing_queue_again(
        self, bus: Bus, broker: str, prefix: str, spec: QueueSpec, message: Message
    ) -> None:
        with bus.publisher() as publisher:
            publisher.publish([envelope(message)])
            with Connection(broker) as connection:  # type: ignore[no-untyped-call]
                connection.default_channel.queue_delete(prefix + spec.name)
            publisher.publish([envelope(message), envelope(message)])
            assert bus.depth(spec) == 2

    def test_a_request_that_finds_no_queue_is_not_lost(self, bus: Bus, broker: str, prefix: str) -> None:
        with bus.publisher() as publisher:
            publisher.publish([envelope(job())])  # connected by now
            with Connection(broker) as connection:  # type: ignore[no-untyped-call]
                connection.default_channel.queue_delete(prefix + Queues.NLU.name)
            publisher.publish([envelope(analyze("hi"), reply_to="nobody", deadline=time.time() + 20)])
            with bus.subscribe(Queues.NLU, 10) as subscription:
                assert len(drain(subscription, 1)) == 1

    def test_events_that_nobody_listens_to_are_no_loss(self, bus: Bus) -> None:
        with bus.publisher() as publisher:
            publisher.publish([envelope(alert())])
            publisher.publish([envelope(alert())])

    def test_a_consumer_that_the_broker_refuses_says_so(self, bus: Bus, broker: str, prefix: str) -> None:
        with Connection(broker) as connection:  # type: ignore[no-untyped-call]
            connection.default_channel.queue_delete(prefix + Queues.MONITORING.name)
            connection.default_channel.queue_declare(prefix + Queues.MONITORING.name, durable=True, auto_delete=False)
            try:
                with (
                    bus.publisher() as publisher,
                    Consumer(bus, Queues.MONITORING, {}, publisher=publisher) as consumer,
                ):
                    wait_for(lambda: consumer.refusal() is not None, 10, "a refusal")
                    refusal = str(consumer.refusal())
                    assert consumer.problem() is None
            finally:
                connection.default_channel.queue_delete(prefix + Queues.MONITORING.name)
        assert "PreconditionFailed" in refusal
        assert "delete it" in refusal


def test_a_wrong_password_is_said_to_be_one(broker: str) -> None:
    host = broker.rpartition("@")[2]
    with connect(f"amqp://guest:wrong@{host}") as bus, pytest.raises(Unavailable, match="ACCESS_REFUSED"):
        bus.depth(Queues.NLU)
