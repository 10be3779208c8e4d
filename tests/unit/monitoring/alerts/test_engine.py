"""Alerts from counts in the database: they begin, are grouped, told, escalated, and end, however often somebody looks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlmodel import select

from services.monitoring.alerts.engine import AlertEngine
from shared.contracts.monitoring.alert_channels import ChannelSetting
from shared.contracts.monitoring.alert_rules import NegativeShare, Silence, Volume
from shared.contracts.monitoring.streams import StreamSpec
from shared.storage.database.engine import Database, open_database
from shared.storage.monitoring import alert_channels, alerts, documents, streams, trends
from shared.storage.monitoring.trends import Bucket
from shared.storage.tables.alerts import AlertNotice
from shared.storage.tables.core import Alert
from shared.storage.tables.streams import Document, DocumentMention

#: A Monday, noon.
NOW = 1_790_553_600 + 43_200
_MINUTES = 3 * 1440


class Clock:
    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


def counts(start: int, texts: int, negative: int, entity: str = "") -> Bucket:
    positive = texts - negative
    return Bucket(
        start,
        entity,
        texts=texts,
        negative=negative,
        positive=positive,
        score=1000 * (positive - negative),
        reach=texts,
    )


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with three days of a stream: six texts a minute, a half of which name Nordwind."""
    path = tmp_path_factory.mktemp("alerts") / "parley.db"
    rng = np.random.default_rng(0)
    steps = []
    for number in range(_MINUTES):
        for entity, rate in (("", 6.0), ("Nordwind", 3.0)):
            texts = int(rng.poisson(rate))
            steps.append(counts(NOW - (_MINUTES - number) * 60, texts, int(rng.binomial(texts, 0.3)), entity))
    with open_database(f"sqlite:///{path}") as database, database.transaction() as session:
        setting = ChannelSetting.model_validate({"type": "slack", "url": "https://hooks.example/T/B"})
        alert_channels.put(session, "ops", setting, key_id="key_1", now=1.0)
        trends.add(session, "finance", steps)
    return path


@pytest.fixture
def database(counted: Path, tmp_path: Path) -> Iterator[Database]:
    shutil.copy(counted, tmp_path / "parley.db")
    with open_database(f"sqlite:///{tmp_path / 'parley.db'}") as database:
        declare(database, StreamSpec(channels=("ops",)))
        yield database


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(database: Database, clock: Clock) -> AlertEngine:
    return AlertEngine(database, clock)


def declare(database: Database, spec: StreamSpec) -> None:
    with database.transaction() as session:
        streams.put(session, "finance", spec, key_id="key_1", now=1.0)


def passing(database: Database, engine: AlertEngine, clock: Clock, minutes: int, texts: int, negative: int) -> None:
    """Minutes pass, each with so many texts, half of them about Nordwind; the engine looks after each."""
    for _ in range(minutes):
        start = int(clock.now)
        with database.transaction() as session:
            trends.add(
                session,
                "finance",
                [counts(start, texts, negative), counts(start, texts // 2, negative // 2, "Nordwind")],
            )
        clock.now += 60
        engine.changed(["finance"])
        engine.look()


def all_alerts(database: Database) -> list[Alert]:
    with database.reading() as session:
        return alerts.page(session).items


def notices(database: Database) -> list[tuple[str, str]]:
    with database.reading() as session:
        return [(one.event, one.channel) for one in session.exec(select(AlertNotice).order_by("created_at"))]


def test_usual_hours_raise_nothing_and_a_surge_one_incident(
    database: Database, engine: AlertEngine, clock: Clock
) -> None:
    passing(database, engine, clock, 15, 6, 2)
    assert all_alerts(database) == []
    passing(database, engine, clock, 4, 30, 10)
    raised = all_alerts(database)
    assert {(one.rule, one.entity) for one in raised} >= {("volume", ""), ("volume", "Nordwind")}
    assert len({one.incident for one in raised}) == 1
    assert len(notices(database)) == 1
    again = AlertEngine(database, clock)
    again.changed(["finance"])
    again.look()
    assert len(all_alerts(database)) == len(raised)


def test_an_alert_shows_its_figures_and_ends_when_all_is_as_usual(
    database: Database, engine: AlertEngine, clock: Clock
) -> None:
    passing(database, engine, clock, 4, 30, 10)
    alert = next(one for one in all_alerts(database) if (one.rule, one.entity) == ("volume", ""))
    told = alert.details
    assert told["observed"] > 2 * told["expected"] > 0
    assert told["probability"] <= told["level"]
    assert told["measure"] == "texts"
    assert told["since"] == told["until"] - 60 * told["window_minutes"]
    assert sum(told["series"]["texts"]) > told["texts"]
    passing(database, engine, clock, 25, 6, 2)
    assert {one.state for one in all_alerts(database)} == {"resolved"}
    assert ("resolved", "ops") in notices(database)


def test_documents_and_terms_stand_behind_an_alert(database: Database, engine: AlertEngine, clock: Clock) -> None:
    with database.transaction() as session:
        kept = [
            Document(
                stream="finance", id=f"doc_{number}", title="", text=text, source="wire", url="", author="", language="en",
                topic="", published_at=at, received_at=at, sentiment="negative", score=-900, confidence=900, model="m",
            )
            for number, (text, at) in enumerate(
                [("a recall of brakes at plant seven, call 212-555-0147", NOW + 30.0)] * 3
                + [("quarterly figures of the plant", NOW - 3600.0)] * 30
            )
        ]  # fmt: skip
        documents.store(session, kept)
        documents.mention(session, [_about(one) for one in kept])
    passing(database, engine, clock, 3, 40, 30)
    alert = next(one for one in all_alerts(database) if one.entity == "Nordwind")
    assert set(alert.evidence) == {"doc_0", "doc_1", "doc_2"}
    assert {"recall", "brakes"} <= {one["term"] for one in alert.details["terms"]}
    assert "plant" not in {one["term"] for one in alert.details["terms"]}
    assert "555-0147" not in str(alert.details)


def _about(document: Document) -> DocumentMention:
    return DocumentMention(
        stream="finance",
        document_id=document.id,
        entity="Nordwind",
        published_at=document.published_at,
        sentiment="negative",
        score=-900,
        model="m",
    )


def test_who_acknowledges_in_time_is_not_told_again(database: Database, engine: AlertEngine, clock: Clock) -> None:
    declare(database, StreamSpec(channels=("ops",), escalate_minutes=10))
    passing(database, engine, clock, 4, 30, 10)
    first, *others = all_alerts(database)
    with database.transaction() as session:
        alerts.acknowledge(session, first.id, by="key_1", now=clock.now)
        for other in others[1:]:
            alerts.snooze(session, other.id, clock.now + 3600)
    clock.now += 601
    engine.escalate()
    engine.escalate()
    escalated = [one.id for one in all_alerts(database) if one.escalated_at]
    assert escalated == [others[0].id]
    assert [event for event, _ in notices(database)].count("escalated") == 1


def test_silence_is_told_only_where_somebody_listened(database: Database, clock: Clock) -> None:
    declare(database, StreamSpec(rules=(Silence(),)))
    away = AlertEngine(database, clock)
    clock.now += 5400  # nobody looked for ninety minutes, and nothing was counted
    away.changed(["finance"])
    away.look()
    assert all_alerts(database) == []
    for _ in range(25):
        clock.now += 60
        away.look()
    assert [one.rule for one in all_alerts(database)] == ["silence"]


def test_a_fixed_share_and_no_rules_at_all(database: Database, engine: AlertEngine, clock: Clock) -> None:
    declare(database, StreamSpec(rules=()))
    passing(database, engine, clock, 6, 60, 60)
    assert all_alerts(database) == []
    declare(database, StreamSpec(rules=(NegativeShare(share=0.9),)))
    passing(database, engine, clock, 1, 60, 60)
    assert [one.rule for one in all_alerts(database)] == ["fixed_share"]


def test_texts_of_last_year_and_a_jumping_clock_raise_nothing(
    database: Database, engine: AlertEngine, clock: Clock
) -> None:
    with database.transaction() as session:
        trends.add(session, "finance", [counts(NOW - 365 * 86_400, 5_000, 4_900)])
    engine.changed(["finance"])
    engine.look()
    clock.now += 7200
    engine.look()
    clock.now -= 7200
    passing(database, engine, clock, 3, 6, 2)
    assert all_alerts(database) == []


def test_ninety_minutes_without_the_broker_are_no_silence(database: Database, clock: Clock) -> None:
    declare(database, StreamSpec(rules=(Silence(), Volume())))
    away = [True]
    engine = AlertEngine(database, clock, is_cut_off=lambda: away[0])
    for _ in range(90):
        clock.now += 60
        engine.look()
    assert all_alerts(database) == []
    with database.transaction() as session:  # what senders kept comes now, and is counted where it belongs
        trends.add(session, "finance", [counts(NOW + 60 * number, 6, 2) for number in range(90)])
    away[0] = False
    passing(database, engine, clock, 10, 6, 2)
    assert all_alerts(database) == []
    for _ in range(25):  # but a silence that follows is one
        clock.now += 60
        engine.look()
    assert [one.rule for one in all_alerts(database)] == ["silence"]


def test_what_a_clock_tells_twice_is_no_surge(database: Database, clock: Clock) -> None:
    declare(database, StreamSpec(rules=(Volume(),)))
    passed = [0.0]
    engine = AlertEngine(database, clock, lambda: passed[0])

    def pass_by(minutes: int, texts: int) -> None:
        for _ in range(minutes):
            passed[0] += 60
            passing(database, engine, clock, 1, texts, texts // 3)

    pass_by(30, 8)
    clock.now -= 1800  # set back: the same minutes come again, and have twice the texts
    pass_by(30, 8)
    assert all_alerts(database) == []
    pass_by(8, 40)
    assert "volume" in [one.rule for one in all_alerts(database)]


def test_a_replay_is_judged_at_the_time_of_its_texts(database: Database, clock: Clock) -> None:
    declare(database, StreamSpec(clock="event"))
    clock.now += 400 * 86_400
    engine = AlertEngine(database, clock)
    with database.transaction() as session:
        trends.add(session, "finance", [counts(NOW + 60 * number, 40, 12) for number in range(10)])
    engine.changed(["finance"])
    engine.look()
    opened = [one.opened_at for one in all_alerts(database) if one.rule == "volume"]
    assert opened
    assert NOW < min(opened) <= NOW + 180


def test_a_stream_that_cannot_be_judged_keeps_no_other_from_it(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[str] = []

    def judge(_engine: AlertEngine, stream: str) -> None:
        judged.append(stream)
        if stream == "broken":
            raise ValueError("a count that makes no sense")

    monkeypatch.setattr(AlertEngine, "judge", judge)
    engine = AlertEngine(database, clock)
    engine.changed(["broken", "whole"])
    engine.look()
    engine.changed(["broken", "whole"])
    engine.look()
    assert [judged.count("broken"), judged.count("whole")] == [1, 2]
