"""The pipeline in this process: what it makes of good files, and why it fails on bad ones."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from mlflow import MlflowClient
from safetensors import SafetensorError

from services.training.fitting import checkpoint
from services.training.jobs.attempt import attempt
from services.training.jobs.channel import Channel
from services.training.jobs.child import ENDED, INTERRUPTED
from services.training.jobs.lease import JobLease
from shared.artifacts.layout import encoder_key, file_key
from shared.contracts.releases import ModelPublished
from shared.contracts.training.jobs import JobSpec, Promotion, PromotionEval, TrainingProgressed
from shared.inference.reader import TextReader
from shared.storage.chat import bots
from shared.storage.tables.evals import Eval
from shared.storage.training import evals, files, jobs, models
from tests.unit.dialogue.conversation import DESK
from tests.unit.training import job_kit
from tests.unit.training.attempts import attempt_at, bundle_of
from tests.unit.training.job_kit import Bench
from tests.unit.training.tiny_base import tiny_base
from tests.unit.training.tracking.tracked import MLFLOW_TABLES, scalars
from tests.unit.training.tracking.wandb_file import history, records

#: The gate lets everything pass that is not far worse: tiny models on eight test rows are not exact.
LENIENT = Promotion(max_regression=0.5, max_overall_regression=0.3)


_DIALOGUES = b"""
version: 1
dialogues:
  - name: parcel
    turns:
      - {user: "please where is my parcel", entities: {thing: parcel}}
      - {user: "please where is my parcel", text: nonsense}
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_base(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture
def bench(tmp_path: Path, base: str) -> Iterator[Bench]:
    with job_kit.bench(tmp_path / "home", base_models=Path(base).parent) as made:
        yield made


def test_two_generations_and_a_refusal(bench: Bench, base: str, tmp_path: Path) -> None:
    training_file = bench.upload(job_kit.lines())
    job_id, status, told = attempt_at(bench, job_kit.spec(base, training_file))
    job = bench.job(job_id)
    assert (status, job.status, job.error) == (ENDED, "succeeded", None), bench.told(job_id)
    model = job.fine_tuned_model
    assert model == f"ft:tiny:parley::{job_id.removeprefix('ftjob-')}"
    assert job.trained_tokens
    assert told[-2:] == [
        ModelPublished(slot="nlu", model_id=model),
        TrainingProgressed(job_id=job_id, status="succeeded", step=told[-1].step, total_steps=told[-1].step),  # type: ignore[attr-defined]
    ]
    with bench.database.reading() as session:
        assert models.production(session, "nlu") == model
        row = models.get(session, model)
    assert row.gate is None
    assert row.metrics["test"]["scores"]["intent_accuracy"] > row.metrics["before"]["scores"]["intent_accuracy"]
    _check_bundle(bench, model, tmp_path)
    _check_results(bench, job.result_files)

    # A warm start goes on from the encoder of the first model and is measured against it.
    asked = _eval(bench)
    promotion = LENIENT.model_copy(update={**_dialogues(bench, at_least=0.5), "eval": asked, "bias_budget": 1.0})
    second_id, _, _ = attempt_at(bench, job_kit.spec(model, training_file, epochs=2, promotion=promotion))
    second = bench.job(second_id)
    assert second.status == "succeeded", bench.told(second_id)
    assert second.fine_tuned_model == f"ft:tiny:parley::{second_id.removeprefix('ftjob-')}"
    with bench.database.reading() as session:
        made = models.get(session, second.fine_tuned_model)
    before = made.metrics["before"]
    assert made.gate is not None
    assert made.gate["dialogues"] == {
        "turns": 2,
        "turns_right": 1,
        "required": 0.5,
        "passed": True,
        "wrong": [{"dialogue": "parcel", "turn": 2}],
    }
    _check_interval(made.gate["eval"], asked)
    _check_bias(bench, made.gate["bias"], second.result_files)
    assert any(f"By the eval {asked.id} on 24 rows: intent " in message for message in bench.told(second_id))
    assert before["scores"]["intent_accuracy"] == pytest.approx(row.metrics["test"]["scores"]["intent_accuracy"])

    # A model that has hardly learned is made, but not promoted, and its owner learns why.
    strict = Promotion(max_regression=1, max_overall_regression=1, eval=asked)
    third_id, _, told = attempt_at(bench, job_kit.spec(base, training_file, epochs=1, promotion=strict))
    third = bench.job(third_id)
    assert third.status == "succeeded"
    assert not any(isinstance(message, ModelPublished) for message in told)
    with bench.database.reading() as session:
        assert models.production(session, "nlu") == second.fine_tuned_model
        gate = models.get(session, third.fine_tuned_model or "").gate
    assert gate is not None
    assert not gate["passed"]
    assert gate["production"] == second.fine_tuned_model
    assert gate["violations"] == []
    assert gate["eval"]["criteria"]["intent"]["low"] < asked.least_gain, "the eval alone has refused it"
    assert any("It is not promoted." in message for message in bench.told(third_id))

    # So is one that falls behind label by label.
    budget = Promotion(min_label_rows=1, max_regression=0.05)
    fourth_id, _, _ = attempt_at(bench, job_kit.spec(base, training_file, epochs=1, promotion=budget))
    with bench.database.reading() as session:
        gate = models.get(session, bench.job(fourth_id).fine_tuned_model or "").gate or {}
    assert {"head", "label", "candidate", "production", "budget"} == set(gate["violations"][0])
    assert any("Behind the model in production: F1 of" in message for message in bench.told(fourth_id))


@MLFLOW_TABLES
def test_the_curves_go_where_a_job_wants_them(
    bench: Bench, base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CACHE", "CONFIG", "DATA", "ARTIFACT"):
        monkeypatch.setenv(f"WANDB_{name}_DIR", str(tmp_path / "wandb" / name.lower()))
    asked = {
        "integrations": [
            {"type": "wandb", "wandb": {"project": "desk"}},
            {"type": "mlflow", "mlflow": {"experiment": "desk"}},
        ]
    }
    plain = job_kit.spec(base, bench.upload(job_kit.lines()), epochs=2)
    job_id, _, _ = attempt_at(bench, JobSpec.model_validate(plain.model_dump() | asked))
    assert bench.job(job_id).status == "succeeded", bench.told(job_id)
    assert not any("given up" in message or "not installed" in message for message in bench.told(job_id))
    results = _results(bench, bench.job(job_id).result_files, tmp_path)
    events = next(file for name, file in results.items() if "tfevents" in name)
    archive = next(file for name, file in results.items() if name.startswith("wandb-offline-run-"))
    assert archive.name in results["report.html"].read_text()
    with bench.database.reading() as session:
        told = [event.data for event in jobs.events(session, job_id, limit=500).items if event.type == "metrics"][::-1]
    losses: list[Any] = [
        (data["step"], pytest.approx(data["train_loss"], rel=1e-5)) for data in told if "train_loss" in data
    ]
    assert losses
    assert scalars(events)["train_loss"] == losses
    assert [(one["_step"], one["train_loss"]) for one in history(archive) if "train_loss" in one] == losses
    client = MlflowClient(bench.settings.destinations.mlflow_uri)
    experiment = client.get_experiment_by_name("desk")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    assert (run.info.status, run.info.run_name) == ("FINISHED", job_id)
    curve = client.get_metric_history(run.info.run_id, "train_loss")
    assert [(point.step, point.value) for point in curve] == losses
    assert run.data.params["recipe.epochs"] == "2"
    assert run.data.params["schedule.max_length"] == "32"
    with bench.database.reading() as session:
        scores = models.get(session, bench.job(job_id).fine_tuned_model or "").metrics["test"]["scores"]
    assert {name: run.data.metrics[f"test_{name}"] for name in scores} == scores
    assert scalars(events)["test_intent_accuracy"][0][1] == pytest.approx(scores["intent_accuracy"], abs=1e-5)
    for texts in (job_kit.lines()[0]["text"], "where is my parcel"):
        assert str(texts).encode() not in events.read_bytes() + b"".join(
            one.SerializeToString() for one in records(archive)
        )


def _results(bench: Bench, ids: list[str], folder: Path) -> dict[str, Path]:
    """The result files of a job, by name."""
    found = {}
    for file_id in ids:
        with bench.database.reading() as session:
            name = files.get(session, file_id).filename
        with bench.store.open(file_key(file_id)) as stored:
            (folder / name).write_bytes(stored.read())
        found[name] = folder / name
    return found


def _check_bias(bench: Bench, told: Mapping[str, Any], files: Sequence[str]) -> None:
    """Every kind of speaker is compared, with the answers of the bot in service, and it stands in the report."""
    assert told["passed"]
    assert {one["dimension"] for one in told["groups"]} >= {"name", "gender", "place"}
    assert all(one["kind_changed"]["low"] <= one["kind_changed"]["value"] for one in told["groups"])
    page = ""
    for file in files:
        with bench.store.open(file_key(file)) as stored:
            page += stored.read().decode("utf-8", "replace")
    assert "Who says it" in page
    assert "african american" in page


def test_a_model_that_does_not_hold_its_dialogues_is_not_promoted(bench: Bench, base: str) -> None:
    promotion = Promotion(**_dialogues(bench, at_least=0.6))
    job_id, _, told = attempt_at(
        bench, job_kit.spec(base, bench.upload(job_kit.lines()), epochs=1, promotion=promotion)
    )
    assert bench.job(job_id).status == "succeeded", bench.told(job_id)
    assert not any(isinstance(message, ModelPublished) for message in told)
    with bench.database.reading() as session:
        gate = models.get(session, bench.job(job_id).fine_tuned_model or "").gate
    assert gate is not None
    assert (gate["passed"], gate["production"], gate["dialogues"]["passed"]) == (False, None, False)
    assert any("turns of the dialogues are right (required: 60.0%)" in message for message in bench.told(job_id))


@pytest.mark.parametrize(
    ("content", "words"), [(None, "has been deleted"), (b"version: 9", "fault"), (b"\xff", "not UTF-8")]
)
def test_dialogues_that_cannot_be_held_end_a_job_before_it_trains(
    bench: Bench, base: str, content: bytes | None, words: str
) -> None:
    dialogues = "file-gone" if content is None else bench.upload_bytes(content, "dialogues.yaml")
    promotion = Promotion(dialogues=dialogues)
    job_id, _, _ = attempt_at(bench, job_kit.spec(base, bench.upload(job_kit.lines()), promotion=promotion))
    error = bench.job(job_id).error
    assert error is not None
    assert error["param"] == "promotion.dialogues"
    assert words in error["message"]


def _eval(bench: Bench) -> PromotionEval:
    """An eval of the intents of 24 rows, without those that are out of scope."""
    grader = {
        "type": "classification",
        "name": "intent",
        "input": "{{sample.output_text}}",
        "reference": "{{item.intent}}",
    }
    made = Eval(
        id="eval_intents",
        key_id="key",
        created_at=0.0,
        name="",
        data_source_config={"type": "custom", "schema": {}},
        testing_criteria=[grader],
    )
    with bench.database.transaction() as session:
        evals.add(session, made)
    rows = "\n".join(json.dumps({"item": row}) for row in job_kit.lines()[:72:3])
    return PromotionEval(id=made.id, file=bench.upload_bytes(rows.encode()), least_gain=-0.3)


def _check_interval(told: dict[str, Any], asked: PromotionEval) -> None:
    figures = told["criteria"]["intent"]
    assert (told["rows"], told["level"], told["passed"], figures["rows"]) == (24, 0.95, True, 24)
    assert figures["low"] <= figures["difference"] <= figures["high"]
    assert figures["low"] >= asked.least_gain
    assert figures["difference"] == pytest.approx(figures["candidate"] - figures["baseline"])


def _dialogues(bench: Bench, *, at_least: float) -> dict[str, Any]:
    """Two turns, of which the bot can have only the first right."""
    with bench.database.transaction() as session:
        bots.add(session, DESK, "key_test", 1.0)
    file_id = bench.upload_bytes(_DIALOGUES, "dialogues.yaml")
    return {"dialogues": file_id, "dialogues_at_least": at_least}


def _check_bundle(bench: Bench, model: str, cache: Path) -> None:
    bundle = bundle_of(bench, model, cache)
    assert bundle.manifest.labels.intents == ("hours", "refund", "track")
    assert bundle.manifest.parity.max_abs_difference < 1e-3
    reader = TextReader.from_bundle(bundle)
    (reading,) = reader.read(["please where is my parcel"])
    reader.close()
    assert reading.understanding.ranking[0].name == "track"
    assert [entity.text for entity in reading.understanding.entities] == ["parcel"]
    assert bench.store.exists(encoder_key(model))


def _check_results(bench: Bench, result_files: list[str]) -> None:
    with bench.database.reading() as session:
        names = [files.get(session, file_id).filename for file_id in result_files]
    assert names[:3] == ["step_metrics.csv", "report.html", "confusion_matrix.png"]
    assert [name.startswith("events.out.tfevents.") for name in names[3:]] == [True]
    with bench.store.open(file_key(result_files[0])) as file:
        curve = list(csv.DictReader(io.StringIO(file.read().decode())))
    assert any(line["train_loss"] for line in curve)
    assert any(line["valid_intent_accuracy"] for line in curve)
    with bench.store.open(file_key(result_files[1])) as file:
        page = file.read().decode()
    assert "weights were trained" in page
    assert names[3] in page
    assert page.count("data:image/png;base64,") == 2


def test_a_job_that_cannot_succeed_says_what_to_change(bench: Bench, base: str) -> None:
    few = bench.upload(job_kit.lines()[:4])
    faulty = bench.upload_bytes(b'{"text": "a", "intent": "x"}\n{"text": ""}')
    fine = bench.upload(job_kit.lines())
    cases = [
        (job_kit.spec(base, few), "not_enough_data", "training_file", "give at least 10"),
        (job_kit.spec(base, faulty), "invalid_training_file", "training_file", "row 2, text: empty"),
        (job_kit.spec(base, "file-gone"), "training_failed", "training_file", "has been deleted"),
        (job_kit.spec("ft:gone:parley::x", fine), "training_failed", "model", "no model ft:gone"),
        (job_kit.spec("/nowhere/at/all", fine), "training_failed", "model", "PARLEY_BASE_MODELS"),
    ]
    for spec, code, param, words in cases:
        job_id, status, told = attempt_at(bench, spec)
        job = bench.job(job_id)
        assert (status, job.status) == (ENDED, "failed")
        assert job.error is not None
        assert (job.error["code"], job.error["param"]) == (code, param)
        assert words in job.error["message"]
        assert bench.told(job_id)[-1] == job.error["message"]
        assert told == [TrainingProgressed(job_id=job_id, status="failed")]


def test_a_label_that_occurs_once_is_left_out_and_named_or_refused_where_that_is_wished(
    bench: Bench, base: str
) -> None:
    file_id = bench.upload([*job_kit.lines(), {"text": "a lonely row", "intent": "lonely"}])
    spec = job_kit.spec(base, file_id, epochs=1)
    job_id, _, _ = attempt_at(bench, spec)
    job = bench.job(job_id)
    assert job.status == "succeeded", bench.told(job_id)
    assert any("occur once are left out. intent: lonely." in message for message in bench.told(job_id))
    with bench.database.reading() as session:
        assert models.get(session, job.fine_tuned_model or "").metrics["left_out"] == {"intent": ["lonely"]}

    refused, _, _ = attempt_at(bench, spec.model_copy(update={"rare_labels": "refuse"}))
    assert bench.job(refused).status == "failed"
    assert "as intent: lonely" in bench.told(refused)[-1]


def test_a_validation_file_chooses_the_weights(bench: Bench, base: str) -> None:
    rows = job_kit.lines()
    training_file, validation_file = bench.upload(rows[::2]), bench.upload(rows[1::8])
    spec = job_kit.spec(base, training_file, epochs=1).model_copy(update={"validation_file": validation_file})
    job_id, _, _ = attempt_at(bench, spec)
    assert bench.job(job_id).status == "succeeded", bench.told(job_id)
    assert any("10 choose it" in message for message in bench.told(job_id))


def test_csv_trains_as_well(bench: Bench, base: str) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, ["text", "intent", "entities", "sentiment"])
    writer.writeheader()
    writer.writerows([{**row, "entities": json.dumps(row.get("entities", []))} for row in job_kit.lines()])
    file_id = bench.upload_bytes(text.getvalue().encode(), "rows.csv")
    job_id, _, _ = attempt_at(bench, job_kit.spec(base, file_id, epochs=1))
    assert bench.job(job_id).status == "succeeded", bench.told(job_id)


def test_nothing_is_written_without_the_lease(bench: Bench, base: str) -> None:
    job_id, token = bench.submit(job_kit.spec(base, bench.upload(job_kit.lines()))), "mine"
    with bench.database.transaction() as session:
        jobs.claim(session, token="somebody else's", now=time.time(), lease_seconds=60, job_id=job_id)
    status = attempt(JobLease(bench.database, job_id, token, Event()), Channel(io.StringIO()), bench.settings, Event())
    assert status == INTERRUPTED
    assert bench.told(job_id) == []


def test_a_stopped_attempt_leaves_a_checkpoint(bench: Bench, base: str) -> None:
    stopped = Event()
    stopped.set()
    job_id, status, _ = attempt_at(bench, job_kit.spec(base, bench.upload(job_kit.lines())), stopped)
    assert status == INTERRUPTED
    assert bench.job(job_id).status == "running"
    assert bench.checkpoints(job_id) == [0]


def test_a_full_disk_fails_the_job_at_once_with_what_to_do(
    bench: Bench, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_room(_tensors: object, _path: Path) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(checkpoint, "save_file", without_room)
    job_id, status, told = attempt_at(bench, job_kit.spec(base, bench.upload(job_kit.lines()), epochs=1))
    job = bench.job(job_id)
    assert (status, job.status) == (ENDED, "failed")
    assert job.error is not None
    assert job.error["code"] == "storage_full"
    assert "PARLEY_TRAINING_FOLDER" in job.error["message"]
    assert told[-1] == TrainingProgressed(job_id=job_id, status="failed")
    assert list((bench.settings.home / "training").iterdir()) == [], "its own files no longer take the room"
