"""Jobs that train several times and end in one model."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any, Literal

import pytest
import torch
from torch import nn

from services.training.ensembling.soup import Member, greedy_soup, keep
from services.training.jobs.child import ENDED, INTERRUPTED
from services.training.jobs.events import JobEvents
from shared.contracts.training.ensembles import Ensemble
from shared.contracts.training.jobs import SCRATCH, Hyperparameters, JobSpec
from shared.contracts.training.offered import job_not_offered
from shared.contracts.training.tasks import TaskName
from shared.contracts.training.tunings import Adapter, Full, Lora
from shared.storage.training import jobs, models
from shared.tasks.readers import open_predictor
from shared.tasks.records import RECORDS
from tests.unit.training import job_kit
from tests.unit.training.attempts import attempt_again, attempt_at, bundle_of
from tests.unit.training.job_kit import Bench
from tests.unit.training.tasks.samples import SAMPLES
from tests.unit.training.tiny_base import tiny_base


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_base(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture
def bench(tmp_path: Path, base: str) -> Iterator[Bench]:
    with job_kit.bench(tmp_path / "home", base_models=Path(base).parent) as made:
        yield made


def spec(bench: Bench, model: str, task: TaskName, kind: str, ensemble: Ensemble, **options: Any) -> JobSpec:
    sample = SAMPLES[task, kind]
    asked = job_kit.spec(model, bench.upload(sample.rows), epochs=sample.epochs)
    return asked.model_copy(update={"task": task, "ensemble": ensemble, **options})


@pytest.mark.parametrize(
    ("task", "kind", "tuning", "average"),
    [
        ("nlu", "", Full(), "weights"),
        ("token_classification", "tokens", Full(), "logits"),
        ("text_classification", "one label", Adapter(), "logits"),
    ],
)
def test_members_become_one_model(
    task: TaskName,
    kind: str,
    tuning: Any,
    average: Literal["weights", "logits"],
    bench: Bench,
    base: str,
    tmp_path: Path,
) -> None:
    sample = SAMPLES[task, kind]
    asked = spec(bench, base, task, kind, Ensemble(members=2, average=average), tuning=tuning)

    job_id, status, _ = attempt_at(bench, asked)

    job, told = bench.job(job_id), bench.told(job_id)
    assert (status, job.status) == (ENDED, "succeeded"), told
    assert [sum(line.startswith(f"Member {place} of 2:") for line in told) for place in (1, 2)] == [1, 1]
    with bench.database.reading() as session:
        metrics = models.get(session, job.fine_tuned_model or "").metrics
    assert metrics["test"]["scores"][sample.score] > sample.least
    ensemble = metrics["ensemble"]
    assert len(ensemble["members"]) == 2
    assert ensemble["members"][0].keys() == ensemble["scores"].keys()
    if average == "weights":  # but for what the finish changes, no worse than the best by how they are chosen
        assert max(sum(one.values()) for one in ensemble["members"]) <= sum(ensemble["scores"].values()) + 1e-6
    bundle = bundle_of(bench, job.fine_tuned_model or "", tmp_path)
    with closing(open_predictor(bundle)) as predictor:
        (prediction,) = predictor.predict([RECORDS[task].parse_input(sample.asked)])
    assert sample.is_right(prediction.answer), prediction.answer


def test_a_job_that_is_stopped_goes_on_with_the_member_that_it_was_at(
    bench: Bench, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = spec(bench, base, "text_classification", "one label", Ensemble(members=2), tuning=Lora())
    asked = asked.model_copy(update={"hyperparameters": Hyperparameters(batch_size=8, n_epochs=2)})
    whole, _, _ = attempt_at(bench, asked)
    stopped, message = Event(), JobEvents.message

    def stop_after_the_first(events: JobEvents, words: str, *rest: Any, **more: Any) -> None:
        message(events, words, *rest, **more)
        if words.startswith("Member 1 of 2"):
            stopped.set()

    with monkeypatch.context() as patched:
        patched.setattr(JobEvents, "message", stop_after_the_first)
        job_id, status, _ = attempt_at(bench, asked, stopped)
    assert status == INTERRUPTED
    steps = bench.checkpoints(job_id)

    token = bench.job(job_id).lease_token or ""
    with bench.database.transaction() as session:
        assert jobs.hand_back(session, job_id, token, time.time())
    attempt_again(bench, job_id)

    told = bench.told(job_id)
    assert bench.job(job_id).status == "succeeded", told
    assert f"Goes on from the checkpoint of step {steps[0]}." in told
    ends = [next(line for line in lines if line.startswith("The mean of")) for lines in (told, bench.told(whole))]
    assert ends[0] == ends[1], "it is the model of a job that nobody stopped"
    with bench.database.reading() as session:
        found = [
            models.get(session, bench.job(one).fine_tuned_model or "").metrics["ensemble"] for one in (job_id, whole)
        ]
    assert found[0] == found[1]


def test_a_member_that_only_harms_is_left_out(tmp_path: Path) -> None:
    model = nn.Linear(1, 1, bias=False)
    members = []
    for place, (weight, score) in enumerate(((1.0, 0.9), (9.0, 0.2), (3.0, 0.8))):
        nn.init.constant_(model.weight, weight)
        members.append(Member(keep(model, tmp_path / str(place)), score))

    kept = greedy_soup(model, members, lambda: -abs(float(model.weight.detach()) - 2))

    assert kept == [0, 2]
    assert torch.equal(model.weight, torch.tensor([[2.0]]))


@pytest.mark.parametrize(
    ("task", "tuning", "model", "average", "why"),
    [
        ("nlu", Full(), "minilm", "logits", "use average 'weights'"),
        ("text_classification", Adapter(), "minilm", "weights", "use average 'logits'"),
        ("embedding", Adapter(), "minilm", "weights", "leave ensemble out"),
        ("masked_lm", Full(), SCRATCH, "weights", "no common base"),
        ("text_generation", Full(), "minilm", "weights", "leave ensemble out"),
        ("seq2seq", Full(), "t5", "logits", "use average 'weights'"),
    ],
)
def test_members_that_have_no_mean_are_refused(
    task: TaskName, tuning: Any, model: str, average: Literal["weights", "logits"], why: str
) -> None:
    asked = JobSpec(
        task=task,
        model=model,
        training_file="file-1",
        tuning=tuning,
        ensemble=Ensemble(members=2, average=average),
    )
    refused = job_not_offered(asked)
    assert refused is not None
    assert refused[0] == "ensemble"
    assert why in refused[1]
