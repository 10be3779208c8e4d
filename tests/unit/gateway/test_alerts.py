"""Alerts and their channels over HTTP, and back-tests of rules by a monitoring that runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from typer.testing import CliRunner

from services.cli.__main__ import build
from services.monitoring.app import running
from services.monitoring.settings import MonitoringSettings
from shared.storage.monitoring import alerts, trends
from shared.storage.monitoring.trends import Bucket
from shared.storage.tables.core import Alert
from tests.unit.gateway.platform import ADMIN_KEY, Platform, running_platform
from tests.unit.monitoring.delivery.receivers import receiving
from tests.waiting import wait_for

#: A Monday, 00:00 UTC, long ago: nobody's alert of today.
MONDAY = 1_790_553_600 - 52 * 604_800
SURGE = MONDAY + 5 * 86_400 + 43_200


@pytest.fixture(scope="module")
def watching(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with running_platform(tmp_path_factory.mktemp("alerts")) as platform:
        chosen = platform.settings
        settings = MonitoringSettings(
            home=chosen.home, broker_url=chosen.broker_url, outbound_networks=chosen.outbound_networks
        )
        with running(settings):
            yield platform


@pytest.fixture
def http(watching: Platform) -> Iterator[httpx.Client]:
    with watching.http() as http:
        yield http


def fire(platform: Platform, topic: str, **more: Any) -> Alert:
    with platform.database.transaction() as session:
        alert = alerts.open(
            session, stream="desk", rule="volume", share=0.8, volume=20, threshold=5.0, evidence=["turn_1"], now=2.0, topic=topic, **more
        )  # fmt: skip
    assert alert is not None
    return alert


def test_an_alert_is_shown_acknowledged_and_snoozed(http: httpx.Client, watching: Platform) -> None:
    first = fire(watching, "refunds", details={"observed": 20.0})
    other = fire(watching, "returns", incident=first.id)
    told = http.get(f"/v1/alerts/{first.id}").json()
    assert (told["state"], told["topic"], told["details"]) == ("firing", "refunds", {"observed": 20.0})
    assert {one["id"] for one in http.get("/v1/alerts", params={"incident": first.id}).json()["data"]} == {
        first.id,
        other.id,
    }
    once = http.post(f"/v1/alerts/{first.id}/acknowledge").json()
    assert once["state"] == "acknowledged"
    assert http.post(f"/v1/alerts/{first.id}/acknowledge").json() == once
    assert http.post(f"/v1/alerts/{first.id}/snooze", json={"minutes": 5}).json()["snoozed_until"] > 0
    assert http.post(f"/v1/alerts/{first.id}/snooze", json={"minutes": 0}).status_code == 400
    assert http.get("/v1/alerts/alert_none").status_code == 404
    with watching.http(watching.key("chat")) as chat:
        assert chat.post(f"/v1/alerts/{other.id}/acknowledge").status_code == 403


def test_a_channel_is_made_by_an_admin_and_never_shows_its_secret(http: httpx.Client, watching: Platform) -> None:
    hook = {"type": "webhook", "url": "https://127.0.0.1/hook/s3cret"}
    made = http.put("/v1/alert_channels/ops", json=hook).json()
    assert made["secret"].startswith("whsec_")
    shown = http.get("/v1/alert_channels/ops").text
    assert made["secret"] not in shown
    assert "s3cret" not in shown
    assert http.put("/v1/alert_channels/ops", json={"type": "slack", "url": "https://10.0.0.8/x"}).status_code == 400
    assert http.put("/v1/alert_channels/ops", json={"type": "pigeon"}).status_code == 400
    with watching.http(watching.key("train")) as train:
        assert train.put("/v1/alert_channels/ops", json=hook).status_code == 403
        assert [one["id"] for one in train.get("/v1/alert_channels").json()["data"]] == ["ops"]
    missing = http.put("/v1/streams/wires", json={"channels": ["ops", "nobody"]})
    assert (missing.status_code, missing.json()["error"]["param"]) == (404, "channels")
    assert http.put("/v1/streams/wires", json={"channels": ["ops"], "rules": [{"type": "volume"}]}).status_code == 200
    twice = [{"type": "volume"}, {"type": "volume", "factor": 3}]
    assert http.put("/v1/streams/wires", json={"rules": twice}).status_code == 400
    assert http.delete("/v1/alert_channels/ops").json()["deleted"]
    assert http.get("/v1/alert_channels/ops").status_code == 404


def test_a_fixed_share_of_a_stream_reaches_its_channel(http: httpx.Client, watching: Platform) -> None:
    with receiving() as receiver:
        assert http.put("/v1/alert_channels/live", json={"type": "slack", "url": receiver.url}).status_code == 200
        rules = [{"type": "negative_share", "share": 0.5, "min_volume": 5}]
        spec = {"clock": "event", "channels": ["live"], "rules": rules}
        assert http.put("/v1/streams/live", json=spec).status_code == 200
        with watching.database.transaction() as session:
            trends.add(session, "live", [Bucket(MONDAY, texts=10, negative=9, neutral=1, score=-9000, reach=10)])
        wait_for(lambda: bool(receiver.bodies), 20)
        assert "live" in receiver.json()["text"]
        http.delete("/v1/alert_channels/live")


@pytest.fixture(scope="module")
def past(watching: Platform) -> str:
    """Six days with one surge at noon of the last."""
    rng = np.random.default_rng(0)
    steps = []
    for start in range(MONDAY, MONDAY + 6 * 86_400, 60):
        texts = int(rng.poisson(16.0 if SURGE <= start < SURGE + 1800 else 4.0))
        negative = int(rng.binomial(texts, 0.3))
        steps.append(
            Bucket(start, texts=texts, negative=negative, neutral=texts - negative, score=-1000 * negative, reach=texts)
        )
    with watching.database.transaction() as session:
        trends.add(session, "past", steps)
    return "past"


def test_a_back_test_tells_when_rules_would_have_fired(http: httpx.Client, past: str) -> None:
    asked = {"since": MONDAY + 4 * 86_400, "until": MONDAY + 6 * 86_400}
    reply = http.post(f"/v1/streams/{past}/backtest", json=asked)
    assert reply.status_code == 200, reply.text
    found = reply.json()
    assert (found["incidents"], found["scopes"], found["per_week"]) == (1, 1, 3.5)
    first = found["alerts"][0]
    assert SURGE < first["opened_at"] <= SURGE + 180
    assert SURGE + 1800 <= max(one["resolved_at"] for one in found["alerts"]) <= SURGE + 5400
    assert sum(hour["texts"] for hour in found["hours"]) > 48 * 200
    quiet = http.post(f"/v1/streams/{past}/backtest", json=asked | {"rules": [{"type": "volume", "factor": 9}]}).json()
    assert (quiet["incidents"], quiet["alerts"]) == (0, [])
    assert http.post(f"/v1/streams/{past}/backtest", json=asked | {"until": asked["since"]}).status_code == 400


def test_the_command_shows_alerts_and_the_past(watching: Platform, past: str) -> None:
    access = ["--url", watching.url, "--api-key", ADMIN_KEY]
    alert = fire(watching, "shown")

    def run(*words: str) -> str:
        done = CliRunner().invoke(build(), ["alerts", *words, *access])
        assert done.exit_code == 0, done.output
        return done.output

    assert alert.id in run("list", "--firing")
    assert "volume" in run("show", alert.id)
    assert "acknowledged" in run("acknowledge", alert.id)
    assert "1 incidents" in run("backtest", past, "--days", "2", "--until", str(MONDAY + 6 * 86_400))
