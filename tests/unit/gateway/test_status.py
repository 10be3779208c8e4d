"""``/v1/status``: what each role sees, and what is said of services that are away."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.gateway.status.services import services_of, verdict
from shared.presence import present
from shared.storage.monitoring import troubles
from shared.storage.processes import SILENT_SECONDS
from shared.storage.tables.platform import Process
from shared.telemetry.health import Health
from tests.unit.gateway.platform import Platform, running_platform

FOR_TRAIN = {"broker", "queues", "jobs", "deployments", "ingest", "alerts", "troubles"}
FOR_ADMIN = {"database", "processes", "channels", "connectors"}


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform whose nlu lacks a model, and whose broker was away."""
    home: Path = tmp_path_factory.mktemp("watched")
    with running_platform(home) as platform:
        now = time.time()
        with platform.database.transaction() as session:
            troubles.note(session, "broker_away", now - 5400, now - 60, "the message broker is away: refused")
        lacking = Health({"model": lambda: "no nlu model is in production"}, vital={})
        with (
            present(platform.database, "nlu", lacking.report),
            present(platform.database, "generation", Health({}, vital={}).report),
        ):
            yield platform


def status(platform: Platform, role: str) -> dict[str, Any]:
    with platform.http(platform.key(role)) as http:
        found: dict[str, Any] = http.get("/v1/status").raise_for_status().json()
        return found


def test_an_admin_sees_all(watched: Platform) -> None:
    found = status(watched, "admin")
    assert found["status"] == "degraded"
    assert "A process of nlu reports a problem." in found["problems"]
    services = {one["name"]: one for one in found["services"]}
    assert services["nlu"]["problems"] == ["no nlu model is in production"]
    assert (services["gateway"]["state"], services["gateway"]["processes"]) == ("ok", 1)
    assert services["monitoring"]["state"] == "down"
    assert services["training"]["state"] == "idle"
    queues = {one["name"]: one for one in found["queues"]}
    assert queues["nlu"]["consumers"] == 1
    assert queues["documents"] == {"name": "documents", "waiting": 0, "consumers": 0, "limit": 20_000}
    assert found["database"]["kind"] == "sqlite"
    assert {one["service"] for one in found["processes"]} == {"gateway", "nlu", "generation"}
    (trouble,) = found["troubles"]
    assert (trouble["kind"], trouble["until"] - trouble["since"]) == ("broker_away", 5340)


def test_others_see_what_their_role_may(watched: Platform) -> None:
    train, chat = status(watched, "train"), status(watched, "chat")
    assert {name for name, value in train.items() if value is None} == FOR_ADMIN
    assert {name for name, value in chat.items() if value is None} == FOR_ADMIN | FOR_TRAIN
    assert all(one["problems"] == [] for one in chat["services"])
    assert chat["status"] == "degraded"


def test_without_a_key_nothing_is_seen(watched: Platform) -> None:
    assert httpx.get(f"{watched.url}/v1/status").status_code == 401


def process(service: str, seen_at: float, version: str = "1", **problems: str) -> Process:
    return Process(
        id=f"{service}-{seen_at}", service=service, version=version, started_at=0.0, seen_at=seen_at, problems=problems
    )


class TestServices:
    def test_a_process_that_fell_silent_is_gone(self) -> None:
        now = 1000.0
        found = services_of([process("nlu", now - SILENT_SECONDS - 1)], now, jobs_wait=False)
        nlu = next(one for one in found if one.name == "nlu")
        assert (nlu.state, nlu.processes) == ("down", 0)
        assert nlu.problems == ["1 of its processes has gone without a word."]

    def test_a_worker_is_missed_once_a_job_waits(self) -> None:
        (idle,) = [one for one in services_of([], 0.0, jobs_wait=False) if one.name == "training"]
        (missed,) = [one for one in services_of([], 0.0, jobs_wait=True) if one.name == "training"]
        assert (idle.state, missed.state) == ("idle", "down")

    def test_channels_are_missed_once_they_were_there(self) -> None:
        (never,) = [one for one in services_of([], 0.0, jobs_wait=False) if one.name == "channels"]
        gone = [process("channels", 0.0)]
        (missed,) = [one for one in services_of(gone, 100.0, jobs_wait=False) if one.name == "channels"]
        assert (never.state, missed.state) == ("idle", "down")

    def test_versions_side_by_side_are_said(self) -> None:
        there = [
            process(name, 0.0) for name in ("gateway", "nlu", "generation", "recommendation", "monitoring", "channels")
        ]
        word, problems = verdict(services_of([*there, process("nlu", 1.0, "2")], 1.0, jobs_wait=False), broker_up=True)
        assert (word, problems) == ("degraded", ["Processes of several versions run side by side: 1, 2."])

    def test_without_the_broker_the_platform_is_down(self) -> None:
        there = [
            process(name, 0.0) for name in ("gateway", "nlu", "generation", "recommendation", "monitoring", "channels")
        ]
        assert verdict(services_of(there, 1.0, jobs_wait=False), broker_up=True) == ("ok", [])
        assert verdict(services_of(there, 1.0, jobs_wait=False), broker_up=False)[0] == "down"
