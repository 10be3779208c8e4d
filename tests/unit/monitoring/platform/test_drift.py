"""Drift is told where inputs have moved, and not where chance alone moves few texts."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from numpy.typing import NDArray
from prometheus_client import REGISTRY
from sqlmodel import select

from services.monitoring.platform.alerts import PlatformAlerts
from services.monitoring.platform.drift import drift
from services.monitoring.platform.inputs import keep
from shared.contracts.monitoring.alert_channels import ChannelSetting
from shared.contracts.monitoring.alert_rules import InputDrift, ServiceDown
from shared.contracts.monitoring.inputs import InputsObserved
from shared.contracts.monitoring.streams import PLATFORM_STREAM, StreamSpec
from shared.storage import processes
from shared.storage.chat import inputs
from shared.storage.database.engine import Database
from shared.storage.monitoring import alert_channels, alerts, streams
from shared.storage.tables.alerts import AlertNotice
from shared.storage.tables.core import Alert, Model
from shared.storage.tables.platform import InputWindow, Process
from shared.storage.training import jobs, models
from tests.unit.storage.builders import a_job

NOW = 1_790_000_100.0
MODEL = "ft:minilm:parley::1"
WIDTH = 32


def vectors(rng: np.random.Generator, count: int, toward: int = 0) -> NDArray[np.float32]:
    """Unit vectors that scatter widely around an axis."""
    found = rng.normal(0.0, 0.5, (count, WIDTH))
    found[:, toward] += 1.5
    unit: NDArray[np.float32] = (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)
    return unit


def window(
    rng: np.random.Generator, count: int, *, toward: int = 0, sure: float = 0.9, declined: float = 0.05
) -> InputWindow:
    confidences = np.bincount(np.clip((rng.normal(sure, 0.1, count) * 10).astype(int), 0, 9), minlength=10)
    return InputWindow(
        deployment="",
        model=MODEL,
        start=inputs.REFERENCE,
        process="",
        texts=count,
        out_of_scope=int(rng.binomial(count, declined)),
        confidences=confidences.tolist(),
        embedding=vectors(rng, count, toward).sum(axis=0).astype("<f4").tobytes(),
    )


@pytest.mark.parametrize("seed", range(5))
def test_the_same_inputs_show_no_drift_however_few(seed: int) -> None:
    rng = np.random.default_rng(seed)
    found = drift(window(rng, 500), [window(rng, 100), window(rng, 100)])
    assert found.texts == 200
    assert found.distance is not None
    assert found.distance < 0.03
    assert found.confidence is not None
    assert found.confidence < 0.1
    assert found.out_of_scope is not None
    assert abs(found.out_of_scope) < 0.08


def test_other_inputs_show_it_in_each_figure() -> None:
    rng = np.random.default_rng(0)
    found = drift(window(rng, 500), [window(rng, 300, toward=5, sure=0.5, declined=0.4)])
    assert found.distance is not None
    assert found.distance > 0.3
    assert found.confidence is not None
    assert found.confidence > 0.25
    assert found.out_of_scope is not None
    assert found.out_of_scope > 0.25


def test_a_model_without_embeddings_has_no_distance() -> None:
    rng = np.random.default_rng(0)
    bare = window(rng, 300)
    bare.embedding = None
    assert drift(bare, [window(rng, 300)]).distance is None
    assert drift(bare, []).confidence is None


@pytest.fixture
def served(database: Database) -> Database:
    """A model in production that was judged by 500 rows, and a channel for the platform's own alerts."""
    with database.transaction() as session:
        jobs.add(session, a_job("ftjob-1"))
        models.add(session, Model(id=MODEL, job_id="ftjob-1", task="nlu", base_model="b", created_at=1.0, size_bytes=1))
        models.promote(session, "nlu", MODEL, "ftjob-1", 2.0)
        inputs.put(session, [window(np.random.default_rng(1), 500)])
        slack = ChannelSetting.model_validate({"type": "slack", "url": "https://hooks.example/T/B"})
        alert_channels.put(session, "ops", slack, key_id="key_1", now=1.0)
        rules = (InputDrift(min_volume=200), ServiceDown())
        streams.put(session, PLATFORM_STREAM, StreamSpec(rules=rules, channels=("ops",)), key_id="key_1", now=1.0)
    return database


def asked(
    database: Database, start: float, rng: np.random.Generator, toward: int, process: str = "p1"
) -> InputsObserved:
    found = window(rng, 250, toward=toward)
    message = InputsObserved(
        model=MODEL,
        process=process,
        start=int(start) // 300 * 300,
        texts=found.texts,
        out_of_scope=found.out_of_scope,
        confidences=tuple(found.confidences),
        embedding=base64.b64encode(found.embedding or b"").decode(),
    )
    keep(database, [message])
    return message


def raised(database: Database) -> list[Alert]:
    with database.reading() as session:
        return alerts.page(session).items


def test_drift_raises_an_alert_that_is_told_and_ends(served: Database) -> None:
    now, rng = [NOW], np.random.default_rng(2)
    own = PlatformAlerts(served, lambda: now[0])
    asked(served, NOW - 600, rng, toward=0)
    own.look()
    assert raised(served) == []
    message = asked(served, NOW - 60, rng, toward=7)
    asked(served, NOW - 60, rng, toward=7, process="p2")
    keep(served, [message, message])  # told again: counts nothing twice
    own.look()
    own.look()
    (alert,) = raised(served)
    assert (alert.stream, alert.rule, alert.entity, alert.volume) == (PLATFORM_STREAM, "input_drift", "nlu", 750)
    assert REGISTRY.get_sample_value(
        "parley_input_drift", {"deployment": "nlu", "measure": "distance"}
    ) == pytest.approx(alert.details["observed"], abs=1e-3)
    now[0] += 2 * 3600
    asked(served, now[0] - 60, rng, toward=0)
    own.look()
    assert [one.state for one in raised(served)] == ["resolved"]
    with served.reading() as session:
        assert sorted(one.event for one in session.exec(select(AlertNotice))) == ["firing", "resolved"]
    assert own.facts()["drift"]["nlu"]["texts"] == 250


def test_models_that_serve_nothing_are_not_watched(served: Database) -> None:
    other = InputsObserved(model="ft:x", process="p", start=300, texts=1, out_of_scope=0, confidences=(0,) * 10)
    keep(served, [other])
    with served.reading() as session:
        assert inputs.since(session, "nlu", "ft:x", 0) == []


def test_a_service_that_is_gone_raises_an_alert_until_it_is_back(served: Database) -> None:
    now = [NOW]
    own = PlatformAlerts(served, lambda: now[0])

    def say() -> None:
        with served.transaction() as session:
            processes.say(session, Process(id="n", service="nlu", version="1", started_at=1.0, seen_at=now[0]))

    say()
    now[0] += 120
    own.look()
    assert raised(served) == []
    now[0] += 120
    own.look()
    (alert,) = raised(served)
    assert (alert.rule, alert.entity, alert.severity, alert.state) == ("service_down", "nlu", "critical", "firing")
    say()
    own.look()
    assert raised(served)[0].state == "resolved"
