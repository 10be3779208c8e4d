"""The courier: once, again after a failure, not too often, together; and a channel that fails is told on another."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from services.monitoring.delivery.courier import CHANNELS_STREAM, Courier
from shared.contracts.monitoring.alert_channels import ChannelSetting
from shared.storage.database.engine import Database
from shared.storage.monitoring import alert_channels, alerts
from tests.unit.monitoring.delivery.receivers import Receiver, receiving


class Clock:
    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def courier(database: Database, clock: Clock) -> Courier:
    return Courier(database, [ip_network("127.0.0.0/8")], clock)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def channel(database: Database, name: str, url: str, **more: object) -> None:
    setting = ChannelSetting.model_validate({"type": "slack", "url": url, **more})
    with database.transaction() as session:
        alert_channels.put(session, name, setting, key_id="key_1", now=1.0)


def owed(database: Database, clock: Clock, *channels: str, topic: str = "") -> str:
    with database.transaction() as session:
        alert = alerts.open(
            session,
            stream="chat",
            rule="volume",
            share=0.5,
            volume=9,
            threshold=3.0,
            evidence=[],
            now=clock.now,
            topic=topic,
        )
        assert alert is not None
        alert_channels.owe(session, alert.id, channels, "firing", clock.now)
    return alert.id


def problem(database: Database, name: str) -> str | None:
    with database.reading() as session:
        return alert_channels.get(session, name).problem


def test_a_notice_is_delivered_once(database: Database, courier: Courier, clock: Clock, receiver: Receiver) -> None:
    channel(database, "ops", receiver.url)
    owed(database, clock, "ops", "gone")
    courier.deliver_due()
    courier.deliver_due()
    assert len(receiver.bodies) == 1
    assert problem(database, "ops") is None


def test_what_failed_is_tried_again_with_pauses(
    database: Database, courier: Courier, clock: Clock, receiver: Receiver
) -> None:
    receiver.answers = [(503, b""), (503, b""), (200, b"ok")]
    channel(database, "ops", receiver.url)
    owed(database, clock, "ops")
    for elapsed, tried in ((0, 1), (4, 1), (2, 2), (5, 2), (6, 3), (3600, 3)):
        clock.now += elapsed
        courier.deliver_due()
        assert len(receiver.bodies) == tried
    assert problem(database, "ops") is None


def test_a_channel_that_fails_is_told_on_another_and_over_when_it_delivers(
    database: Database, courier: Courier, clock: Clock, receiver: Receiver
) -> None:
    with receiving() as broken:
        broken.answers = [(404, b"no such hook"), (200, b"ok")]
        channel(database, "desk", broken.url)
        channel(database, "ops", receiver.url)
        owed(database, clock, "desk")
        courier.deliver_due()
        assert "404" in (problem(database, "desk") or "")
        assert "404" in receiver.json()["text"]
        with database.reading() as session:
            assert [one.topic for one in alerts.firing(session, CHANNELS_STREAM)] == ["desk"]
        owed(database, clock, "desk", topic="refunds")
        courier.deliver_due()
    with database.reading() as session:
        assert alerts.firing(session, CHANNELS_STREAM) == []
    assert len(broken.bodies) == 2


def test_digests_and_limits_bring_many_as_one(
    database: Database, courier: Courier, clock: Clock, receiver: Receiver
) -> None:
    channel(database, "digest", receiver.url, digest_minutes=10)
    for topic in ("a", "b", "c"):
        owed(database, clock, "digest", topic=topic)
        clock.now += 60
    courier.deliver_due()
    assert receiver.bodies == []
    clock.now += 500
    courier.deliver_due()
    assert len(receiver.bodies) == 1
    assert "and 2 more" in receiver.json()["text"]
    channel(database, "digest", receiver.url, per_hour=2)
    for topic in ("d", "e", "f", "g"):
        clock.now += 1
        owed(database, clock, "digest", topic=topic)
        courier.deliver_due()
    assert len(receiver.bodies) == 2
    clock.now += 3601
    courier.deliver_due()
    assert len(receiver.bodies) == 3
    assert "and 2 more" in receiver.json()["text"]
