"""Monitoring watches what all stand on, and says when the broker was away."""

from __future__ import annotations

from prometheus_client import REGISTRY

from services.monitoring.platform.watch import PlatformWatch
from shared.contracts.training.jobs import JobQueued
from shared.messaging.connect import connect
from shared.messaging.envelope import envelope
from shared.messaging.memory.bus import MemoryBus
from shared.messaging.topology import Queues
from shared.storage.database.engine import Database
from shared.storage.monitoring import troubles
from tests.servers import free_port


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def gauge(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


def test_queues_are_gauges(database: Database) -> None:
    bus = MemoryBus()
    with bus.publisher() as publisher, bus.subscribe(Queues.DOCUMENTS, 1):
        publisher.publish([envelope(JobQueued(job_id="ftjob-1"))])
        PlatformWatch(bus, database, Clock()).look()
    assert gauge("parley_queue_messages", queue="train.cpu") == 1
    assert gauge("parley_queue_consumers", queue="documents") == 1
    assert gauge("parley_broker_up") == 1


def test_a_broker_that_is_away_is_said_and_that_it_is_back(database: Database) -> None:
    clock = Clock()
    with connect(f"amqp://guest:guest@127.0.0.1:{free_port()}//") as away:
        watch = PlatformWatch(away, database, clock)
        for _ in range(3):
            watch.look()
            clock.now += 1800
        assert watch.is_cut_off()
        assert gauge("parley_broker_up") == 0
        with database.reading() as session:
            (going_on,) = troubles.since(session, 0)
        assert (going_on.kind, going_on.since, going_on.until) == ("broker_away", 1_000_000, None)
        watch._bus = MemoryBus()
        watch.look()
    assert not watch.is_cut_off()
    with database.reading() as session:
        (over,) = troubles.since(session, 0)
    assert over.until is not None
    assert over.until - over.since == 5400


def test_what_another_process_saw_begin_ends_too(database: Database) -> None:
    clock = Clock()
    with database.transaction() as session:
        troubles.begin(session, "broker_away", clock() - 60, "refused")
    PlatformWatch(MemoryBus(), database, clock).look()
    with database.reading() as session:
        assert [one.until for one in troubles.since(session, 0)] == [1_000_000]
