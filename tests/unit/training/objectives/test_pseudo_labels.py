from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from services.training import runs
from services.training.fitting.loop import fit
from services.training.jobs.child import ENDED
from services.training.tasks.table import TASKS
from shared.contracts.training.jobs import JobSpec
from shared.contracts.training.objectives import PseudoLabels
from shared.contracts.training.offered import not_offered
from shared.contracts.training.tasks import TASK_NAMES, TaskName
from shared.contracts.training.tunings import Full
from shared.storage.training import models
from tests.unit.training import job_kit
from tests.unit.training.attempts import attempt_at
from tests.unit.training.job_kit import Bench
from tests.unit.training.tasks.samples import Record, classified
from tests.unit.training.tiny_base import tiny_base

LABELLED = classified()[::2]
TEXTS: list[Record] = [{"text": row["text"]} for row in classified()]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_base(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture
def bench(tmp_path: Path, base: str) -> Iterator[Bench]:
    with job_kit.bench(tmp_path / "home", base_models=Path(base).parent) as made:
        yield made


def spec(model: str, training_file: str, *objectives: PseudoLabels, epochs: int = 1) -> JobSpec:
    asked = job_kit.spec(model, training_file, epochs=epochs)
    return asked.model_copy(update={"task": "text_classification", "objectives": objectives})


def teacher(bench: Bench, base: str, rows: Sequence[Record] = LABELLED, epochs: int = 8) -> str:
    job_id, _, _ = attempt_at(bench, spec(base, bench.upload(rows), epochs=epochs))
    return bench.job(job_id).fine_tuned_model or ""


def texts(bench: Bench, rows: Sequence[Record] = TEXTS) -> str:
    return bench.upload_bytes("\n".join(json.dumps(row) for row in rows).encode())


def test_what_the_model_is_sure_of_trains_and_neither_chooses_nor_judges(
    bench: Bench, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, file, unlabelled = teacher(bench, base), bench.upload(LABELLED), texts(bench)
    seen: list[tuple[int, int]] = []

    def counted(started: Any, train: Any, valid: Any, *rest: Any, **more: Any) -> Any:
        seen.append((len(train), len(valid)))
        return fit(started, train, valid, *rest, **more)

    monkeypatch.setattr(runs, "fit", counted)
    found = {}
    asked = PseudoLabels(unlabelled_file=unlabelled, confidence=0.51)
    for objectives in ((), (asked,)):
        job_id, status, _ = attempt_at(bench, spec(model, file, *objectives))
        assert (status, bench.job(job_id).status) == (ENDED, "succeeded"), bench.told(job_id)
        with bench.database.reading() as session:
            found[bool(objectives)] = models.get(session, bench.job(job_id).fine_tuned_model or "").metrics

    (plain, valid), (grown, same) = seen
    added = found[True]["added"]["pseudo_labels"]
    assert (grown, same) == (plain + added, valid)
    assert 0 < added <= len(TEXTS) - len(LABELLED), "texts of the training file are there already"
    assert found[True]["test"]["rows"] == found[False]["test"]["rows"]
    (told,) = [line for line in bench.told(job_id) if line.startswith("Pseudo-labels: ")]
    assert f"{added} of {len(TEXTS)} unlabelled rows were told surely enough (0.51) by {model}" in told


def test_another_model_may_tell_and_labels_without_rows_are_not_taught(bench: Bench, base: str) -> None:
    model = teacher(bench, base)
    two = bench.upload([row for row in LABELLED if row["label"] != "hours"])
    asked = PseudoLabels(unlabelled_file=texts(bench), model=model, confidence=0.51)

    job_id, _, _ = attempt_at(bench, spec(base, two, asked))

    assert bench.job(job_id).status == "succeeded", bench.told(job_id)
    (told,) = [line for line in bench.told(job_id) if line.startswith("Pseudo-labels: ")]
    assert " 0 were told labels that no training row has" not in told


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([{"text": "hi", "label": "greet"}], "row 1, label: unknown field"),
        ([{"text": "hi"}, {"words": "hi"}], "row 2"),
        ([], "has no rows"),
    ],
)
def test_a_file_that_holds_something_else_is_refused(bench: Bench, base: str, rows: list[Record], told: str) -> None:
    asked = PseudoLabels(unlabelled_file=texts(bench, rows), model="ft:none")
    job_id, _, _ = attempt_at(bench, spec(base, bench.upload(LABELLED), asked))
    job = bench.job(job_id)
    assert job.status == "failed"
    assert job.error is not None
    assert job.error["param"] == "objectives"
    assert told in job.error["message"]


@pytest.mark.parametrize(
    ("model", "told"), [(None, "are told by a model of yours"), ("ft:none", "cannot be told by ft:none")]
)
def test_without_a_model_that_tells_the_job_is_refused(bench: Bench, base: str, model: str | None, told: str) -> None:
    asked = PseudoLabels(unlabelled_file=texts(bench), model=model)
    job_id, _, _ = attempt_at(bench, spec(base, bench.upload(LABELLED), asked))
    assert told in str(bench.job(job_id).error)


_SPAN = {"start": 0, "end": 4, "label": "city", "text": "Rome"}


@pytest.mark.parametrize(
    ("task", "answer", "fields"),
    [
        ("text_classification", {"label": "a", "confidence": 0.95}, {"label": "a"}),
        ("text_classification", {"label": "a", "confidence": 0.85}, None),
        ("text_classification", {"labels": ["a"], "probabilities": {"a": 0.95, "b": 0.05}}, {"labels": ["a"]}),
        ("text_classification", {"labels": ["a"], "probabilities": {"a": 0.95, "b": 0.4}}, None),
        ("pair_classification", {"label": "a", "confidence": 0.95}, {"label": "a"}),
        ("pair_classification", {"score": 0.99}, None),
        (
            "token_classification",
            {"entities": [{**_SPAN, "confidence": 0.95}]},
            {"entities": [{"start": 0, "end": 4, "label": "city"}]},
        ),
        ("token_classification", {"entities": [{**_SPAN, "confidence": 0.5}]}, None),
        ("token_classification", {"entities": []}, None),
        (
            "nlu",
            {
                "ranking": [{"name": "fly", "confidence": 0.95}],
                "entities": [{**_SPAN, "confidence": 0.95}],
                "sentiment": {"label": "neutral", "confidence": 0.6},
            },
            {"intent": "fly", "entities": [{"start": 0, "end": 4, "label": "city"}]},
        ),
        ("nlu", {"ranking": [{"name": "out_of_scope", "confidence": 0.99}], "entities": [], "sentiment": None}, None),
    ],
)
def test_a_task_takes_of_an_answer_what_is_sure(
    task: TaskName, answer: Mapping[str, Any], fields: Mapping[str, Any] | None
) -> None:
    as_labels = TASKS[task].as_labels
    assert as_labels is not None
    assert as_labels(answer, 0.9) == fields


@pytest.mark.parametrize("task", sorted(TASK_NAMES))
def test_a_task_takes_it_exactly_if_answers_can_be_taught(task: TaskName) -> None:
    refused = not_offered(task, Full(), (PseudoLabels(unlabelled_file="file-1"),))
    assert (refused is None) == (TASKS[task].as_labels is not None)
