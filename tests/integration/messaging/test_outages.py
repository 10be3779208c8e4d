"""Connections that break, brokers that are away or frozen: nothing durable is lost, and nobody hangs."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from io import StringIO
from threading import Thread, Timer

import pytest

from shared.contracts.chat.analysis import AnalyzeText
from shared.contracts.message import Message
from shared.errors import Unavailable
from shared.messaging.connect import connect
from shared.messaging.consuming.consumer import Consumer
from shared.messaging.consuming.handlers import one_by_one
from shared.messaging.envelope import envelope
from shared.messaging.rabbitmq.connection import BrokerConnection
from shared.messaging.rabbitmq.publisher import RabbitPublisher
from shared.messaging.requesting.requester import Requester
from shared.messaging.topology import Queues
from tests.integration.proxy import Proxy, proxied
from tests.logging_to import lines_to
from tests.unit.messaging.samples import analyze, analyzed, drain, job
from tests.waiting import wait_for


@pytest.fixture
def proxy(broker: str) -> Iterator[Proxy]:
    with proxied(broker) as proxy:
        yield proxy


def test_a_subscription_connects_again_and_gets_back_what_it_had(proxy: Proxy, prefix: str) -> None:
    with (
        connect(proxy.url, prefix=prefix) as bus,
        bus.subscribe(Queues.TRAIN_CPU, 10) as subscription,
        bus.publisher() as publisher,
    ):
        publisher.publish([envelope(job())])
        held = subscription.receive(1, 10)
        proxy.cut()
        subscription.settle(held)  # too late: goes nowhere, and must not be taken for a later message
        again = drain(subscription, 1)
        assert [delivery.decode() for delivery in again] == [delivery.decode() for delivery in held]
        assert again[0].redelivered
        publisher.publish([envelope(job(7))])
        assert drain(subscription, 1)[0].decode().message == job(7)


def test_durable_messages_survive_a_connection_that_keeps_breaking(proxy: Proxy, broker: str, prefix: str) -> None:
    with connect(proxy.url, prefix=prefix) as flaky, flaky.publisher() as publisher:
        publisher.publish([envelope(job(0))])

        def publish(thread: int) -> None:
            for number in range(40):
                publisher.publish([envelope(job(100 * thread + number))])

        threads = [Thread(target=publish, args=(number,)) for number in range(1, 5)]
        for thread in threads:
            thread.start()
        for _ in range(4):
            time.sleep(0.1)
            proxy.cut()
        for thread in threads:
            thread.join()
    expected = {job(0), *(job(100 * thread + number) for thread in range(1, 5) for number in range(40))}
    got: set[Message] = set()
    with connect(broker, prefix=prefix) as bus, bus.subscribe(Queues.TRAIN_CPU, 1000) as subscription:
        while not got >= expected and (some := drain(subscription, 1)):
            got |= {delivery.decode().message for delivery in some}
    assert got == expected


def test_a_reply_that_was_due_during_the_outage_still_arrives(proxy: Proxy, broker: str, prefix: str) -> None:
    def answer_late(request: AnalyzeText) -> Message:
        proxy.cut()
        time.sleep(0.3)
        return analyzed(len(request.texts))

    with (
        connect(broker, prefix=prefix) as bus,
        connect(proxy.url, prefix=prefix) as gateway_bus,
        bus.publisher() as publisher,
        Consumer(bus, Queues.NLU, {AnalyzeText: one_by_one(answer_late)}, publisher=publisher),
        Requester(gateway_bus, "gateway") as requester,
    ):
        assert requester.submit(analyze("a", "b"), timeout=20).result(20) == analyzed(2)
        assert requester.submit(analyze("a"), timeout=20).result(20) == analyzed(1)


def test_without_a_broker_callers_are_told_and_work_begins_when_it_comes(proxy: Proxy, prefix: str) -> None:
    proxy.deafen()
    with (
        connect(proxy.url, prefix=prefix) as bus,
        bus.publisher() as publisher,
        Requester(bus, "gateway") as requester,
        Consumer(bus, Queues.NLU, {AnalyzeText: one_by_one(lambda _: analyzed())}, publisher=publisher),
    ):
        time.sleep(2.2)
        with pytest.raises(Unavailable, match="broker is away"):
            publisher.publish([envelope(job())])
        with pytest.raises(Unavailable, match="broker is away"):
            requester.submit(analyze(), timeout=5)
        with pytest.raises(Unavailable, match="broker is away"):
            bus.depth(Queues.NLU)
        proxy.listen()
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                assert requester.submit(analyze(), timeout=5).result(5) == analyzed()
            except Unavailable:
                time.sleep(0.1)
            else:
                break
        else:
            pytest.fail("nobody answered after the broker came back")


def test_closing_while_the_broker_is_away_or_frozen_does_not_hang(proxy: Proxy, prefix: str) -> None:
    for trouble in (proxy.deafen, proxy.freeze):
        with (
            connect(proxy.url, prefix=prefix) as bus,
            bus.publisher() as publisher,
            Requester(bus, "gateway"),
            Consumer(bus, Queues.NLU, {}, publisher=publisher),
        ):
            trouble()
            publisher.publish([envelope(analyze())])
            started = time.monotonic()
        assert time.monotonic() - started < 15
        if trouble == proxy.deafen:
            proxy.listen()


def test_a_frozen_broker_makes_durable_publishing_fail_in_time(proxy: Proxy, prefix: str) -> None:
    publisher = RabbitPublisher(proxy.url, prefix, confirm_timeout=1.0)
    publisher.open()
    try:
        publisher.publish([envelope(job(1))])
        proxy.freeze()
        started = time.monotonic()
        with pytest.raises(Unavailable, match="did not confirm"):
            publisher.publish([envelope(job(2))])
        assert time.monotonic() - started < 5
        proxy.thaw()
        publisher.publish([envelope(job(3))])
    finally:
        publisher.close()


def test_who_waits_for_a_confirm_is_told_when_the_broker_goes_away(proxy: Proxy, prefix: str) -> None:
    with connect(proxy.url, prefix=prefix) as bus, bus.publisher() as publisher:
        publisher.publish([envelope(job(1))])
        proxy.freeze()
        Timer(0.5, proxy.deafen).start()
        started = time.monotonic()
        with pytest.raises(Unavailable, match="went away before it confirmed"):
            publisher.publish([envelope(job(2))])
        assert time.monotonic() - started < 5


def test_a_stranger_on_the_brokers_port_ends_no_thread(prefix: str) -> None:
    """It begins the handshake as a broker does, and breaks off within a table."""
    payload = b"\0\x0a\0\x0a\0\x09\0\0\0\x40\x01aS"
    accepted = 0
    with socket.create_server(("127.0.0.1", 0)) as stranger:

        def serve() -> None:
            nonlocal accepted
            with suppress(OSError):
                while True:
                    client, _ = stranger.accept()
                    accepted += 1
                    with client:
                        client.recv(8)
                        client.sendall(b"\x01\0\0" + len(payload).to_bytes(4) + payload + b"\xce")

        Thread(target=serve, daemon=True).start()
        url = f"amqp://guest:guest@127.0.0.1:{stranger.getsockname()[1]}//"
        with connect(url, prefix=prefix) as bus, bus.publisher() as publisher:
            wait_for(lambda: accepted >= 3, 10.0)
            with pytest.raises(Unavailable):
                publisher.publish([envelope(job())])
        stranger.shutdown(socket.SHUT_RDWR)


def test_a_broker_that_refuses_is_told_once_with_what_to_do(broker: str, prefix: str) -> None:
    link = BrokerConnection(broker, "test of a foreign queue")
    link.channel().queue_declare(prefix + Queues.DEAD.name, durable=True, auto_delete=False)
    told = StringIO()
    with lines_to(told), connect(broker, prefix=prefix) as bus, bus.publisher() as publisher:
        time.sleep(2.2)
        with pytest.raises(Unavailable, match="broker is away"):
            publisher.publish([envelope(job())])
        link.channel().queue_delete(prefix + Queues.DEAD.name)
        link.close()

        def published() -> bool:
            with suppress(Unavailable):
                publisher.publish([envelope(job())])
                return True
            return False

        wait_for(published, 20, "a publisher that goes on by itself")
    (refusal,) = (line for line in told.getvalue().splitlines() if "broker refuses" in line)
    assert prefix + Queues.DEAD.name in refusal
    assert "delete it once it is empty, or set PARLEY_BROKER_PREFIX" in refusal
