"""Trackers of jobs whose processes are killed: one curve in the end, and nothing left running."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import psutil
import pytest
from mlflow import MlflowClient

from services.training.app import running
from shared.artifacts.layout import file_key
from shared.contracts.training.jobs import FINAL_STATUSES, JobQueued, JobSpec
from shared.messaging.connect import connect
from shared.messaging.envelope import envelope
from shared.storage.training import files, jobs
from tests.logging_to import lines_to
from tests.unit.training import job_kit
from tests.unit.training.job_kit import Bench
from tests.unit.training.tiny_base import tiny_base
from tests.unit.training.tracking.tracked import MLFLOW_TABLES, scalars
from tests.unit.training.tracking.wandb_file import history
from tests.waiting import wait_for

pytestmark = MLFLOW_TABLES

#: Seconds that a job may take on a busy machine before a test gives up on it.
PATIENCE = 120.0

ASKED = {
    "integrations": [
        {"type": "wandb", "wandb": {"project": "desk"}},
        {"type": "mlflow", "mlflow": {"experiment": "desk"}},
    ]
}


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A Parley whose user has an empty home, in which nothing is left behind, nor where temporary files go."""
    (tmp_path / "user").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    base = tiny_base(tmp_path / "models" / "tiny")
    # A short path: wandb's socket lies there, and the system bears a hundred characters.
    with tempfile.TemporaryDirectory(prefix="parley-") as passing:
        monkeypatch.setenv("TMPDIR", passing)
        with job_kit.bench(tmp_path / "home", base_models=base.parent, training_checkpoint_seconds=0.3) as made:
            yield made
        assert list(Path(passing).iterdir()) == []
    assert list((tmp_path / "user").iterdir()) == []


def _submit(bench: Bench, *, epochs: int) -> str:
    plain = job_kit.spec(str(bench.settings.base_models) + "/tiny", bench.upload(job_kit.lines()), epochs=epochs)
    job_id = bench.submit(JobSpec.model_validate(plain.model_dump() | ASKED))
    with connect(bench.settings.broker_url) as bus, bus.publisher() as publisher:
        publisher.publish([envelope(JobQueued(job_id=job_id))])
    return job_id


def _children(word: str) -> list[psutil.Process]:
    return [child for child in psutil.Process().children(recursive=True) if word in " ".join(_command(child))]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:  # it has ended meanwhile
        return []


def _gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def _steps(bench: Bench, job_id: str) -> int:
    return sum(message.startswith("Step ") for message in bench.told(job_id))


def test_a_job_whose_trainer_was_killed_has_one_curve_everywhere(bench: Bench, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("a", encoding="utf-8") as file, lines_to(file), running(bench.settings):
        job_id = _submit(bench, epochs=40)
        wait_for(lambda: len(bench.checkpoints(job_id)) > 0 and bool(_children("wandb-core")), PATIENCE)
        (first,) = _children("wandb-core")
        assert "--no-observability" in first.cmdline()
        (trainer,) = _children("child_main")
        trainer.kill()
        wait_for(lambda: _gone(first), 10.0)
        wait_for(lambda: bench.job(job_id).status in FINAL_STATUSES, PATIENCE)
        wait_for(lambda: not _children("wandb-core"), 10.0)
    job, told = bench.job(job_id), bench.told(job_id)
    assert (job.status, job.attempt) == ("succeeded", 2), told
    assert any(message.startswith("Goes on from the checkpoint of step") for message in told)
    assert not any("given up" in message for message in told), log.read_text("utf-8")

    results = _results(bench, job.result_files, tmp_path)
    curve = scalars(next(file for name, file in results.items() if "tfevents" in name))
    losses = [step for step, _ in curve["train_loss"]]
    assert all(before < after for before, after in pairwise(losses))
    assert [step for step, _ in curve["head_rate"]] == losses
    lines = [line.split(",")[:2] for line in results["step_metrics.csv"].read_text().splitlines()[1:]]
    assert [int(step) for step, loss in lines if loss] == losses
    (archive,) = (file for name, file in results.items() if name.endswith(".tar.gz"))
    assert [one["_step"] for one in history(archive) if "train_loss" in one] == losses
    client = MlflowClient(bench.settings.destinations.mlflow_uri)
    experiment = client.get_experiment_by_name("desk")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    tracked = [point.step for point in client.get_metric_history(run.info.run_id, "train_loss")]
    assert len(tracked) == len(set(tracked))
    assert set(losses) <= set(tracked)

    assert list((bench.settings.home / "training").iterdir()) == []
    written = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    assert {line["service"] for line in written} <= {"test", "trainer"}, "no library writes past the log"


def _results(bench: Bench, ids: list[str], folder: Path) -> dict[str, Path]:
    found = {}
    for file_id in ids:
        with bench.database.reading() as session:
            name = files.get(session, file_id).filename
        with bench.store.open(file_key(file_id)) as stored:
            (folder / name).write_bytes(stored.read())
        found[name] = folder / name
    return found


def test_a_cancelled_job_leaves_no_process_behind(bench: Bench) -> None:
    with running(bench.settings):
        job_id = _submit(bench, epochs=100)
        wait_for(lambda: _steps(bench, job_id) > 1 and bool(_children("wandb-core")), PATIENCE)
        (writer,) = _children("wandb-core")
        with bench.database.transaction() as session:
            jobs.request_cancel(session, job_id, time.time())
        assert wait_for(lambda: bench.job(job_id).status in FINAL_STATUSES, 10.0) < 5.0
        wait_for(lambda: _gone(writer), 10.0)
    assert bench.job(job_id).status == "cancelled"
    assert list((bench.settings.home / "training").iterdir()) == []
