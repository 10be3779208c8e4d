"""The bus in memory keeps the contract of every bus."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.errors import SettingsError, TooManyRequests
from shared.messaging.bus import Bus
from shared.messaging.connect import connect
from shared.messaging.envelope import envelope
from shared.messaging.memory.bus import MemoryBus
from shared.messaging.topology import Queues
from tests.unit.messaging.bus_contract import BusContract
from tests.unit.messaging.samples import analyze, analyzed, drain


class TestMemoryBus(BusContract):
    """All promises."""

    @pytest.fixture
    def bus(self) -> Iterator[Bus]:
        with connect("memory://") as bus:
            yield bus

    def test_a_full_queue_refuses_requests_too_and_takes_none_of_the_batch(self, bus: Bus) -> None:
        limit = Queues.NLU.max_length
        with bus.publisher() as publisher:
            publisher.publish([envelope(analyze()) for _ in range(limit - 1)])
            with pytest.raises(TooManyRequests, match="nlu is full"):
                publisher.publish([envelope(analyze()), envelope(analyze())])
            assert bus.depth(Queues.NLU) == limit - 1


def test_the_same_url_is_the_same_bus_while_anybody_is_connected() -> None:
    with connect("memory://a") as bus, connect("memory://a") as again, connect("memory://b") as other:
        assert bus is again
        assert bus is not other
    with connect("memory://a") as fresh:
        assert fresh is not bus


def test_another_prefix_is_another_bus() -> None:
    with connect("memory://", prefix="a.") as bus, connect("memory://", prefix="b.") as other:
        assert bus is not other


def test_an_unknown_scheme_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="'redis'"), connect("redis://localhost"):
        pass


def test_a_queue_that_nobody_uses_is_removed_after_its_time() -> None:
    now = 1000.0
    bus = MemoryBus(clock=lambda: now)
    reply = envelope(analyze(), reply_to="rpc.reply.a").answered_by(analyzed())
    with bus.publisher() as publisher:
        with bus.subscribe(Queues.reply("a"), 10):
            now += 3600
            publisher.publish([reply])
        now += 59
        with bus.subscribe(Queues.reply("a"), 10) as subscription:
            assert drain(subscription, 1, 0) == []  # older than the queue keeps replies
            publisher.publish([reply])
            assert len(drain(subscription, 1, 0)) == 1
        now += 61
        publisher.publish([reply])
        with bus.subscribe(Queues.reply("a"), 10) as subscription:
            assert subscription.receive(1, 0) == []
