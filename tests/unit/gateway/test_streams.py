"""Streams from the HTTP body to the chart: a gateway, monitoring and an nlu that feels "angry"."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.monitoring.app import running
from services.monitoring.settings import MonitoringSettings
from shared.storage.training import models
from tests import waiting
from tests.unit.gateway.platform import Platform, running_platform

NDJSON = {"Content-Type": "application/x-ndjson"}
NOON = 1_790_000_000 // 86_400 * 86_400 + 43_200
SPEC: dict[str, Any] = {
    "watch": [{"name": "Nordwind", "aliases": ["NWD", "北风"]}, {"name": "Kestrel"}],
    "topics": [{"name": "metals", "examples": ["gold and silver"]}],
    "clock": "event",
    "time_zone": "Asia/Shanghai",
}


def rows(*documents: dict[str, Any]) -> bytes:
    return b"\n".join(json.dumps(one, ensure_ascii=False).encode() for one in documents)


def a_row(name: str, text: str = "markets are calm today", at: Any = NOON, **more: Any) -> dict[str, Any]:
    return {"id": name, "text": text, "published_at": at, "source": "wire"} | more


@pytest.fixture(scope="module")
def streaming(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with running_platform(tmp_path_factory.mktemp("streams")) as platform:
        model = platform.add_model()
        with platform.database.transaction() as session:
            models.promote(session, "nlu", model, "test", 1.0)
        chosen = platform.settings
        with running(MonitoringSettings(home=chosen.home, broker_url=chosen.broker_url)):
            yield platform


@pytest.fixture
def http(streaming: Platform) -> Iterator[httpx.Client]:
    with streaming.http() as http:
        yield http


def declared(http: httpx.Client, stream: str, spec: dict[str, Any] = SPEC) -> str:
    reply = http.put(f"/v1/streams/{stream}", json=spec)
    assert reply.status_code == 200, reply.text
    return f"/v1/streams/{stream}"


def send(http: httpx.Client, stream: str, content: bytes | Iterator[bytes]) -> dict[str, Any]:
    reply = http.post(f"{stream}/documents", content=content, headers=NDJSON)
    assert reply.status_code == 200, reply.text
    told: dict[str, Any] = reply.json()
    return told


def counted(http: httpx.Client, stream: str, documents: int) -> dict[str, Any]:
    waiting.wait_for(lambda: bool(http.get(stream).json()["documents"] == documents), 30, "counted")
    found: dict[str, Any] = http.get(stream).json()
    return found


def test_a_stream_needs_no_more_than_a_name(http: httpx.Client) -> None:
    stream = declared(http, "bare", {})
    found = http.get(stream).json()
    assert (found["id"], found["documents"], found["newest"], found["problems"]) == ("bare", 0, None, [])
    assert found["spec"]["retention_days"] == 365
    assert "bare" in [one["id"] for one in http.get("/v1/streams").json()["data"]]
    assert http.delete(stream).json() == {"id": "bare", "object": "stream", "deleted": True}
    assert http.get(stream).status_code == 404


def test_documents_become_trends_by_entity_topic_and_source(http: httpx.Client) -> None:
    stream = declared(http, "news")
    told = send(http, stream, rows(
        a_row("1", "investors are angry with Nordwind today, yet Kestrel shares climb further", NOON + 1),
        a_row("2", "angry words about NWD again and again", NOON + 61, source="blog", lang="en-GB"),
        a_row("3", "北风 opens a plant in the north", "2026-09-21T20:01:59+08:00"),
        a_row("4", "nobody is named in here", NOON + 3600),
    ))  # fmt: skip
    assert (told["accepted"], told["repeated"], told["refused"]) == (4, 0, 0)
    found = counted(http, stream, 4)
    assert found["newest"] == NOON + 3660
    asked = {"since": NOON - 60, "until": NOON + 7200, "step": 3600}
    trend = http.get(f"{stream}/trends", params=asked).json()
    assert [(point["start"], point["texts"], point["negative"]) for point in trend["data"]] == [
        (NOON, 3, 2),
        (NOON + 3600, 1, 0),
    ]
    by_entity = http.get(f"{stream}/trends", params=asked | {"group": "entity"}).json()["data"]
    assert {point["entity"]: (point["texts"], point["negative"], point["mean"]) for point in by_entity} == {
        "Nordwind": (3, 2, -0.6),
        "Kestrel": (1, 0, 0.0),
    }
    by_source = http.get(f"{stream}/trends", params=asked | {"group": ["source", "topic"]}).json()["data"]
    assert {(point["source"], point["topic"]) for point in by_source} == {("wire", "metals"), ("blog", "metals")}
    behind = http.get(
        f"{stream}/documents",
        params={"since": NOON, "until": NOON + 120, "entity": "Nordwind", "sentiment": "negative"},
    )
    assert [one["id"] for one in behind.json()["data"]] == ["2", "1"]
    first = http.get(f"{stream}/documents/1").json()
    assert {one["entity"]: one["sentiment"] for one in first["entities"]} == {
        "Nordwind": "negative",
        "Kestrel": "neutral",
    }
    pairs = http.get(f"{stream}/pairs", params={"since": NOON, "until": NOON + 120}).json()["data"]
    assert pairs == [{"entities": ["Kestrel", "Nordwind"], "documents": 1}]


def test_movers_tell_shares_and_what_was_before(http: httpx.Client) -> None:
    stream = declared(http, "moving")
    calm = [a_row(f"c{n}", f"Kestrel report number {n} is out", NOON - 3000 + n) for n in range(4)]
    stormy = [a_row(f"s{n}", f"angry about Nordwind, reason {n} of many", NOON + n) for n in range(6)]
    send(http, stream, rows(*calm, *stormy))
    counted(http, stream, 10)
    found = http.get(f"{stream}/movers", params={"since": NOON, "until": NOON + 3600}).json()["data"]
    assert [(one["name"], one["texts"], one["share"], one["growth"]) for one in found] == [
        ("Nordwind", 6, 1.0, None),
        ("Kestrel", 0, 0.0, 0.0),
    ]
    assert found[1]["before"]["texts"] == 4


def test_every_row_is_judged_by_itself_and_every_id_taken_once(http: httpx.Client) -> None:
    stream = declared(http, "strict")
    told = send(http, stream, rows(
        a_row("a"), a_row("a", "another text under the same id"), a_row("b", at=NOON * 1000), a_row("c", at="2026-09-21 12:00"),
        a_row("future", at=4_000_000_000), a_row("empty", at=0), a_row("blank", text="  "), a_row("date", at="gestern"),
        {"id": "d", "text": "no time"}, a_row("e", surprise=1), {"id": 7, "text": "x", "published_at": 1},
    ) + b"\nnot json\n[1]\n\n" + b'{"id": "' + b"x" * 300_000)  # fmt: skip
    assert (told["accepted"], told["repeated"], told["refused"]) == (3, 1, 10)
    assert [fault["line"] for fault in told["faults"]] == [5, 6, 7, 8, 9, 10, 11, 12, 13, 14]
    assert [fault["field"] for fault in told["faults"]][:6] == [
        "published_at",
        "published_at",
        "text",
        "published_at",
        "published_at",
        "surprise",
    ]
    assert {remark["line"]: remark["message"] for remark in told["remarks"]} == {
        3: "published_at was taken for milliseconds",
        4: "published_at has no zone; it was taken for Asia/Shanghai",
    }
    counted(http, stream, 3)
    again = send(http, stream, rows(a_row("a"), a_row("b"), a_row("z")))
    assert (again["accepted"], again["repeated"]) == (1, 2)
    assert http.get(f"{stream}/documents/c").json()["published_at"] == NOON - 43_200 + 4 * 3600
    assert http.get(f"{stream}/documents/a").json()["text"] == "markets are calm today"


def test_copies_add_to_the_reach_alone(http: httpx.Client) -> None:
    stream = declared(http, "copied")
    text = "angry customers of Nordwind Energy protest against the third price increase within a single year"
    send(http, stream, rows(*(a_row(f"copy-{n}", f"{text} - Wire {n}", NOON + n) for n in range(25))))
    counted(http, stream, 25)
    trend = http.get(f"{stream}/trends", params={"since": NOON, "until": NOON + 60, "group": "entity"}).json()["data"]
    assert [(point["texts"], point["negative"], point["reach"]) for point in trend] == [(1, 1, 25)]
    (voice,) = http.get(f"{stream}/documents", params={"since": NOON, "until": NOON + 60}).json()["data"]
    everything = http.get(
        f"{stream}/documents", params={"since": NOON, "until": NOON + 60, "copies": True, "limit": 100}
    )
    assert {one["copy_of"] for one in everything.json()["data"]} == {voice["id"], None}


def test_rows_are_taken_while_they_come_and_only_so_many(http: httpx.Client) -> None:
    stream = declared(http, "long")

    def chunks(count: int) -> Iterator[bytes]:
        for number in range(count):
            row = rows(a_row(f"r{number}", f"row {number} of a long call")) + b"\n"
            yield row[:17]
            yield row[17:]

    assert send(http, stream, chunks(1200))["accepted"] == 1200
    counted(http, stream, 1200)
    reply = http.post(f"{stream}/documents", content=b"\n".join([b"{}"] * 10_001), headers=NDJSON)
    assert (reply.status_code, reply.json()["error"]["message"][:24]) == (400, "A call takes 10000 rows;")


def test_trends_are_drawn_and_tabled(http: httpx.Client) -> None:
    stream = declared(http, "drawn")
    send(http, stream, rows(a_row("1", "angry about 北风 and $NWD", source="=cmd()"), a_row("2", at=NOON + 60)))
    counted(http, stream, 2)
    asked: dict[str, Any] = {"since": NOON, "until": NOON + 120, "step": 60, "group": "source"}
    table = http.get(f"{stream}/trends.csv", params=asked)
    assert table.headers["content-type"].startswith("text/csv")
    lines = list(csv.DictReader(table.text.splitlines()))
    assert [(line["source"], line["texts"], line["mean"]) for line in lines] == [
        ("'=cmd()", "1", "-0.9"),
        ("wire", "1", "0.0"),
    ]
    picture = http.get(f"{stream}/trends.png", params=asked)
    assert (picture.headers["content-type"], picture.content[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")
    drawing = http.get(f"{stream}/trends.svg", params={"since": NOON, "until": NOON + 120, "group": "entity"})
    assert drawing.headers["content-type"] == "image/svg+xml"
    assert "Nordwind" in drawing.text
    assert http.get(f"{stream}/trends.png", params={"since": 0, "until": 60}).status_code == 200


@pytest.mark.parametrize(
    ("spec", "param"),
    [
        ({"model": "ft:nobody"}, "model"),
        ({"watch": [{"name": "A"}, {"name": "A"}]}, "watch"),
        ({"time_zone": "Mars"}, "time_zone"),
        ({"surprise": 1}, "surprise"),
        ({"retention_days": 0}, "retention_days"),
    ],
)
def test_a_declaration_is_refused_by_the_field(http: httpx.Client, spec: dict[str, Any], param: str) -> None:
    reply = http.put("/v1/streams/refused", json=spec)
    assert (reply.status_code, reply.json()["error"]["param"]) == (404 if param == "model" else 400, param)


def test_who_may_do_what(streaming: Platform, http: httpx.Client) -> None:
    stream = declared(http, "guarded")
    with streaming.http(streaming.key("chat")) as chatting:
        assert chatting.get(stream).status_code == chatting.put(stream, json={}).status_code == 403
        assert chatting.post(f"{stream}/documents", content=b"", headers=NDJSON).status_code == 403
    assert http.post(f"{stream}/documents", json={}).status_code == 415
    assert http.post("/v1/streams/chat/documents", content=b"", headers=NDJSON).status_code == 400
    assert http.post("/v1/streams/nowhere/documents", content=b"", headers=NDJSON).status_code == 404
    assert http.get("/v1/streams/nowhere/trends").status_code == 404


def test_without_a_model_documents_are_not_taken(tmp_path: Path) -> None:
    with running_platform(tmp_path, services=False) as platform, platform.http() as http:
        stream = declared(http, "early", {})
        assert "documents are not taken" in http.get(stream).json()["problems"][0]
        reply = http.post(f"{stream}/documents", content=rows(a_row("1")), headers=NDJSON)
        assert (reply.status_code, reply.json()["error"]["code"]) == (503, "no_model")


class TestThePlatformsOwnStream:
    def test_it_takes_rules_about_the_platform_and_nothing_else(self, http: httpx.Client) -> None:
        rules = [{"type": "service_down", "minutes": 5}, {"type": "input_drift"}]
        declared = http.put("/v1/streams/parley", json={"rules": rules, "escalate_minutes": 30})
        assert declared.status_code == 200
        assert [rule["type"] for rule in declared.json()["spec"]["rules"]] == ["service_down", "input_drift"]
        wrong = http.put("/v1/streams/parley", json={"rules": [{"type": "volume"}]}).json()["error"]
        assert (wrong["param"], "about texts" in wrong["message"]) == ("rules.0", True)
        useless = http.put("/v1/streams/parley", json={"watch": [{"name": "A"}]}).json()["error"]
        assert useless["param"] == "watch"
        sent = http.post("/v1/streams/parley/documents", content=rows(a_row("a")), headers=NDJSON)
        assert sent.status_code == 400
        assert "watches itself" in sent.json()["error"]["message"]

    def test_no_other_stream_takes_them(self, http: httpx.Client) -> None:
        wrong = http.put("/v1/streams/news", json={"rules": [{"type": "silence"}, {"type": "service_down"}]})
        error = wrong.json()["error"]
        assert (wrong.status_code, error["param"]) == (400, "rules.1")
        assert "stream 'parley'" in error["message"]


class TestReadingAgain:
    def test_a_span_is_read_by_another_model_and_both_results_stay(
        self, streaming: Platform, http: httpx.Client
    ) -> None:
        model = streaming.add_model(task="text_classification")
        http.put("/v1/streams/again", json=SPEC).raise_for_status()
        texts = ("negative news today", "angry people today", "positive mood today")
        sent = [a_row(f"d{number}", text, NOON + number) for number, text in enumerate(texts)]
        http.post("/v1/streams/again/documents", content=rows(*sent), headers=NDJSON).raise_for_status()
        waiting.wait_for(lambda: http.get("/v1/streams/again").json()["documents"] == 3, 30, "three documents counted")
        asked = http.post("/v1/streams/again/reanalyses", json={"model": model, "since": NOON, "until": NOON + 60})
        place = f"/v1/streams/again/reanalyses/{asked.raise_for_status().json()['id']}"
        waiting.wait_for(lambda: http.get(place).json()["status"] == "succeeded", 30, "the re-analysis")
        assert http.get(place).json()["documents"] == 3
        (step,) = http.get(f"{place}/trends").json()["data"]
        # The stand-in tells a label and no probabilities: a sentiment cannot be made of it.
        assert (step["documents"], step["earlier_negative"], step["negative"], step["changed"]) == (3, 1, 0, 3)
        found = {one["id"]: one for one in http.get(f"{place}/documents", params={"changed": True}).json()["data"]}
        assert (found["d0"]["earlier"], found["d0"]["sentiment"]) == ("neutral", None)
        assert (found["d1"]["earlier"], found["d1"]["sentiment"]) == ("negative", None)
        span = {"since": NOON, "until": NOON + 60}
        first = http.get("/v1/streams/again/documents", params=span).json()["data"]
        assert {one["id"]: one["sentiment"] for one in first} == {"d0": "neutral", "d1": "negative", "d2": "neutral"}
        assert http.get("/v1/streams/again/reanalyses").json()["data"][0]["id"] == place.rpartition("/")[2]
        assert http.delete(place).json()["deleted"]
        assert http.get(place).status_code == 404

    def test_what_cannot_be_read_is_refused(self, streaming: Platform, http: httpx.Client) -> None:
        http.put("/v1/streams/again", json=SPEC).raise_for_status()
        tagger = streaming.add_model(task="token_classification")
        wrong = http.post("/v1/streams/again/reanalyses", json={"model": tagger, "since": 1}).json()["error"]
        assert wrong["param"] == "model"
        backwards = http.post("/v1/streams/again/reanalyses", json={"model": "parley", "since": 9, "until": 5})
        assert backwards.json()["error"]["param"] == "since"
        assert http.post("/v1/streams/nobody/reanalyses", json={"model": "parley", "since": 1}).status_code == 404
