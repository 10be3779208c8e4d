"""Once around the loop, with the real pipeline on a tiny model: what people corrected raises the F1 of what was confused."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from services.cli.__main__ import build
from services.gateway.files.uploads import UploadStore
from services.gateway.jobs.submission import JobSubmission
from services.gateway.loop.preparing import DataSets
from services.gateway.loop.rounds import Loop
from shared.artifacts.layout import file_key
from shared.contracts.monitoring.streams import PLATFORM_STREAM
from shared.contracts.training.jobs import Promotion
from shared.inference.reader import TextReader
from shared.messaging.celery.job_queue import job_queue
from shared.storage.monitoring import alerts
from shared.storage.training import models
from tests import waiting
from tests.unit.gateway.platform import ADMIN_KEY, Platform, running_platform
from tests.unit.gateway.test_conversations import begin, say
from tests.unit.training import job_kit
from tests.unit.training.attempts import attempt_again, attempt_at, bundle_of
from tests.unit.training.job_kit import Bench
from tests.unit.training.tiny_base import tiny_base

#: What sets the two apart, of which the first model has seen nothing.
TELLING = {
    "move": (
        "another day please",
        "on tuesday instead",
        "shift it by a week",
        "i prefer a later date",
        "one month later",
    ),
    "cancel": (
        "drop it altogether",
        "call the whole thing off",
        "i no longer want it",
        "forget the trip",
        "scrap everything",
    ),
}
OPENERS = ("my booking:", "about the trip,", "so,", "listen,")
HELD_OUT = ("hello again,", "sorry,")
PHONE = "+49 30 9018 2011"


def base_rows() -> list[dict[str, object]]:
    """Three intents that are told apart, and two that are not: the same words stand under both."""
    rows = [row for row in job_kit.lines() if row["intent"] != "out_of_scope"]
    for number, opener in product(range(8), ("please", "hello,", "hi there,")):
        intent = ("move", "cancel")[number % 2]
        rows.append(
            {"text": f"{opener} my booking number {number}", "intent": intent, "entities": [], "sentiment": "neutral"}
        )
    return rows


def texts(openers: Sequence[str]) -> Iterator[tuple[str, str]]:
    for intent, phrases in TELLING.items():
        yield from ((f"{opener} {phrase}", intent) for opener, phrase in product(openers, phrases))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_base(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with running_platform(tmp_path_factory.mktemp("loop")) as started:
        yield started


@pytest.fixture(scope="module")
def bench(platform: Platform, base: str) -> Iterator[Bench]:
    with job_kit.bench(Path(platform.settings.home), base_models=Path(base).parent) as made:
        yield made


@pytest.fixture(scope="module")
def loop(platform: Platform, bench: Bench) -> Iterator[Loop]:
    """Beside that of the gateway, which looks every few seconds: two of them begin no round twice."""
    with platform.bus.publisher() as publisher:
        queue = job_queue(platform.settings.broker_url, publisher, "")
        submissions = JobSubmission(platform.database, bench.store, queue, time.time)
        uploads = UploadStore(bench.store, 1 << 24, 8)
        yield Loop(platform.database, DataSets(platform.database, bench.store, uploads), submissions, time.time)


def correct(http: httpx.Client, text: str, intent: str) -> None:
    turn_id = say(http, begin(http), text).raise_for_status().json()["turn_id"]
    body = {"turn_id": turn_id, "source": "reviewer", "author": "Ada", "correct": {"intent": intent}}
    http.post("/v1/feedback", json=body).raise_for_status()


def f1(bench: Bench, model: str, cache: Path) -> dict[str, float]:
    """Of each of the two, on texts that neither model has seen."""
    reader = TextReader.from_bundle(bundle_of(bench, model, cache))
    asked = list(texts(HELD_OUT))
    told = [reading.understanding.intent for reading in reader.read([text for text, _ in asked])]
    reader.close()
    pairs = [(right, said.name if said else "") for (_, right), said in zip(asked, told, strict=True)]
    scores = {}
    for label in TELLING:
        hits = sum(right == said == label for right, said in pairs)
        named = sum(said == label for _, said in pairs) + sum(right == label for right, _ in pairs)
        scores[label] = 2 * hits / named
    return scores


def standing(http: httpx.Client) -> dict[str, Any]:
    """Once no round is between its beginning and its job: the loop of the gateway may be at it this very moment."""

    def told() -> dict[str, Any]:
        found: dict[str, Any] = http.get("/v1/loop").raise_for_status().json()
        return found

    waiting.wait_for(lambda: all(one["state"] != "preparing" for one in told()["rounds"]), 20.0)
    return told()


def test_forty_corrections_of_a_confused_pair_raise_its_f1(
    platform: Platform, bench: Bench, loop: Loop, base: str, tmp_path: Path
) -> None:
    lenient = Promotion(max_regression=0.7, max_overall_regression=0.5)
    spec = job_kit.spec(base, bench.upload(base_rows()), promotion=lenient)
    first = bench.job(attempt_at(bench, spec)[0]).fine_tuned_model
    assert first is not None
    with platform.http() as http:
        rule = {"new_labels": 40, "promotion": "ask"}
        http.put("/v1/loop/rule", json=rule).raise_for_status()
        corrected = list(texts(OPENERS))
        for text, intent in corrected[1:]:
            correct(http, text, intent)
        loop.go_on()
        assert (standing(http)["rounds"], standing(http)["next"]) == (
            [],
            "The next round begins with 1 more corrected turns.",
        )
        correct(http, f"{corrected[0][0]} {PHONE}", corrected[0][1])
        loop.go_on()
        loop.go_on()
        (round_,) = standing(http)["rounds"]
        assert (round_["state"], round_["corrections"], round_["reason"]) == ("training", 40, "40 new corrections")
        with bench.store.open(file_key(round_["training_file"])) as stream:
            rows = [json.loads(line) for line in stream.read().splitlines()]
        assert len(rows) == len(base_rows()) + 40
        assert {row.get("labelled_by") for row in rows[-40:]} == {"Ada"}
        assert PHONE not in str(rows), "personal numbers have surrogates"

        attempt_again(bench, round_["job"])
        loop.go_on()
        (round_,) = standing(http)["rounds"]
        assert round_["state"] == "asking", round_["outcome"]
        assert "A person has to say" in standing(http)["next"]
        ended = http.post(f"/v1/loop/rounds/{round_['id']}/promote").raise_for_status().json()
        assert (ended["state"], ended["before"]) == ("promoted", first)
        with platform.database.reading() as session:
            assert models.production(session, "nlu") == round_["model"]
        before, after = (f1(bench, model, tmp_path / "cache") for model in (first, round_["model"]))
        assert all(after[label] >= before[label] + 0.2 for label in TELLING), (before, after)
        assert min(after.values()) > 0.5, (before, after)
        assert standing(http)["new_corrections"] == 0
        again = http.post(f"/v1/loop/rounds/{round_['id']}/dismiss")
        assert (again.status_code, again.json()["error"]["param"]) == (409, "round_id")


def test_drift_begins_the_next_round_with_the_rows_that_nobody_has_corrected(platform: Platform, loop: Loop) -> None:
    with platform.http() as http:
        with platform.database.transaction() as session:
            drift: dict[str, Any] = {"share": 0.0, "volume": 9, "threshold": 0.2, "evidence": (), "now": time.time()}
            alerts.open(session, stream=PLATFORM_STREAM, rule="input_drift", entity="nlu", **drift)
        loop.go_on()
        assert len(standing(http)["rounds"]) == 1, "there is nothing to learn yet"
        correct(http, "what about the other thing", "cancel")
        loop.go_on()
        second, first = standing(http)["rounds"]
        assert (second["state"], second["base_file"], second["corrections"]) == ("training", first["base_file"], 41)
        assert second["reason"] == "drift (input_drift), and 1 new corrections"
        refused = http.post("/v1/loop/rounds", json={"reason": "drift"})
        assert (refused.status_code, refused.json()["error"]["param"]) == (409, "reason")


def test_the_command_tells_where_it_stands_and_why_a_turn_was_answered_so(platform: Platform) -> None:
    access = ["--url", platform.url, "--api-key", ADMIN_KEY]
    shown = CliRunner().invoke(build(), ["loop", "status", *access]).stdout
    assert "round_nlu_2 is training." in shown
    assert "promoted" in shown
    kept = CliRunner().invoke(build(), ["loop", "rule", "--new-labels", "7", "--auto", *access])
    assert kept.exit_code == 0, kept.output
    with platform.http() as http:
        assert (standing(http)["rule"]["new_labels"], standing(http)["rule"]["promotion"]) == (7, "auto")
        conversation_id = begin(http)
        say(http, conversation_id, "order it now").raise_for_status()
    told = CliRunner().invoke(build(), ["explain", conversation_id, *access]).stdout
    assert "> intent" in told
    assert "-0.900" in told, "what leaving the word out changes"
