from __future__ import annotations

import time

from services.monitoring.app import running
from services.monitoring.settings import MonitoringSettings
from shared.contracts.chat.understanding import SentimentLabel
from shared.contracts.monitoring.sentiment import AlertRaised, Observation, SentimentObserved
from shared.messaging.bus import Bus, Subscription
from shared.messaging.envelope import envelope
from shared.messaging.topology import Queues
from shared.settings import read_settings
from shared.storage.database.engine import open_database
from shared.storage.monitoring import sentiment
from tests.integration.places import Place


def observed(label: SentimentLabel, count: int) -> SentimentObserved:
    return SentimentObserved(
        observations=tuple(
            Observation(
                id=f"turn_{label}_{number}",
                stream="chat",
                intent="refund_status",
                sentiment=label,
                occurred_at=time.time(),
            )
            for number in range(count)
        )
    )


def next_alert(feed: Subscription) -> AlertRaised:
    (delivery,) = feed.receive(1, 20.0)
    message = delivery.decode().message
    feed.settle([delivery])
    assert isinstance(message, AlertRaised)
    return message


def wait_until_counted(settings: MonitoringSettings, expected: tuple[int, int]) -> None:
    with open_database(settings.database) as database:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with database.reading() as session:
                if sentiment.window(session, "chat", 0, time.time() + 60) == expected:
                    return
            time.sleep(0.05)
    raise AssertionError(f"never counted {expected}")


def test_a_surge_is_told_with_its_evidence_and_its_end_too(where: Place, bus: Bus) -> None:
    settings = read_settings(MonitoringSettings, alert_min_volume=10, **where.settings())
    with running(settings), bus.publisher() as publisher, bus.subscribe(Queues.feed("test"), 10) as feed:
        publisher.publish([envelope(observed("negative", 12))])
        fired = next_alert(feed)
        assert (fired.state, fired.stream, fired.share, fired.volume) == ("firing", "chat", 1.0, 12)
        assert set(fired.evidence) == {f"turn_negative_{number}" for number in range(12)}
        publisher.publish([envelope(observed("positive", 40))])
        ended = next_alert(feed)
        assert (ended.state, ended.alert_id) == ("resolved", fired.alert_id)


def test_two_processes_count_every_text_once_and_raise_one_alert(where: Place, bus: Bus) -> None:
    settings = read_settings(MonitoringSettings, alert_min_volume=30, **where.settings())
    parts = [
        SentimentObserved(observations=observed("negative", 60).observations[start : start + 3])
        for start in range(0, 60, 3)
    ]
    with (
        running(settings),
        running(settings),
        bus.publisher() as publisher,
        bus.subscribe(Queues.feed("t"), 10) as feed,
    ):
        publisher.publish([envelope(part) for part in [*parts, *parts[::-1]]])
        fired = next_alert(feed)
        wait_until_counted(settings, (60, 60))
        repeated = [delivery.decode().message for delivery in feed.receive(10, 1.0)]
    assert fired.state == "firing"
    assert all(isinstance(again, AlertRaised) and again.alert_id == fired.alert_id for again in repeated)
    with open_database(settings.database) as database, database.reading() as session:
        points = sentiment.trends(session, since=0, until=time.time() + 60, step_seconds=60)
    assert sum(point.negative for point in points) == 60


def test_what_came_while_nobody_watched_is_counted_later(where: Place, bus: Bus) -> None:
    settings = read_settings(MonitoringSettings, **where.settings())
    with running(settings), bus.publisher() as publisher:
        publisher.publish([envelope(observed("neutral", 1))])
        wait_until_counted(settings, (0, 1))
    with bus.publisher() as publisher:
        publisher.publish([envelope(observed("neutral", 7))])
    with running(settings):
        wait_until_counted(settings, (0, 7))
