from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from services.monitoring.alerts.notifier import AlertNotifier
from shared.contracts.message import Message
from shared.contracts.monitoring.sentiment import AlertRaised
from shared.errors import Unavailable
from shared.messaging.bus import Bus, Subscription
from shared.messaging.connect import connect
from shared.messaging.encoded import EncodedMessage
from shared.messaging.envelope import Envelope
from shared.messaging.topology import Queues
from shared.storage.database.engine import Database
from shared.storage.monitoring import alerts


@pytest.fixture
def bus() -> Iterator[Bus]:
    with connect("memory://announcements") as bus:
        yield bus


def fire(database: Database, stream: str) -> str:
    with database.transaction() as session:
        alert = alerts.open(
            session,
            stream=stream,
            rule="negative_share",
            share=0.75,
            volume=20,
            threshold=0.5,
            evidence=["turn_1"],
            now=100.0,
        )
    assert alert is not None
    return alert.id


def told(feed: Subscription) -> list[Message]:
    deliveries = feed.receive(10, 0)
    feed.settle(deliveries)
    return [delivery.decode().message for delivery in deliveries]


def test_each_change_of_an_alert_is_told_once(database: Database, bus: Bus) -> None:
    alert_id = fire(database, "chat")
    with bus.publisher() as publisher, bus.subscribe(Queues.feed("test"), 10) as feed:
        announcements = AlertNotifier(database, publisher)
        announcements.catch_up()
        announcements.catch_up()
        assert told(feed) == [
            AlertRaised(
                alert_id=alert_id,
                state="firing",
                stream="chat",
                share=0.75,
                volume=20,
                evidence=("turn_1",),
                at=100.0,
            )
        ]
        with database.transaction() as session:
            alerts.resolve(session, alert_id, share=0.1, volume=30, now=200.0)
        announcements.catch_up()
        (ended,) = told(feed)
        assert isinstance(ended, AlertRaised)
        assert (ended.state, ended.share, ended.at) == ("resolved", 0.1, 200.0)


class BrokerAway:
    """A publisher whose broker is away."""

    def publish(self, envelopes: Sequence[Envelope]) -> None:
        raise Unavailable(f"{len(envelopes)} messages could not be sent")

    def send(self, encoded_messages: Sequence[EncodedMessage]) -> None:
        raise Unavailable(f"{len(encoded_messages)} messages could not be sent")


def test_what_could_not_be_told_is_told_later(database: Database, bus: Bus) -> None:
    fire(database, "chat")
    with bus.publisher() as publisher, bus.subscribe(Queues.feed("test"), 10) as feed:
        AlertNotifier(database, BrokerAway()).catch_up()
        assert told(feed) == []
        AlertNotifier(database, publisher).catch_up()
        assert len(told(feed)) == 1
