"""Jobs that are killed or cancelled in every phase, of a model that reads and of one that writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from services.training.app import running
from shared.contracts.jobs import FINAL_STATUSES, SCRATCH, Architecture, JobQueued, JobSpec, Schedule
from shared.contracts.tasks import TaskName
from shared.messaging.connect import connect
from shared.messaging.envelope import envelope
from shared.storage import jobs
from tests.unit.training import job_kit
from tests.unit.training.job_kit import Bench
from tests.unit.training.tasks.samples import SAMPLES
from tests.unit.training.tiny_base import tiny_base
from tests.waiting import wait_for

pytestmark = pytest.mark.slow

PATIENCE = 240.0

#: What a job has told last when it is in a phase.
PHASES: Mapping[str, str] = {
    "preparing": "Attempt 1 begins.",
    "training": "Step ",
    "exporting": "Trained ",
    "judging": "Exported, ",
}

KINDS: Mapping[str, TaskName] = {"reads": "text_classification", "writes": "text_generation"}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    base = tiny_base(tmp_path / "models" / "tiny")
    options: Mapping[str, Any] = {"training_lease_seconds": 4.0, "training_checkpoint_seconds": 0.3}
    with job_kit.bench(tmp_path / "home", base_models=base.parent, **options) as made:
        yield made


def spec(bench: Bench, kind: str, tmp_path: Path) -> JobSpec:
    task = KINDS[kind]
    sample = next(sample for (name, _), sample in SAMPLES.items() if name == task)
    base = str(tmp_path / "models" / "tiny") if kind == "reads" else SCRATCH
    asked = job_kit.spec(base, bench.upload(sample.rows), epochs=4).model_copy(update={"task": task})
    if kind == "reads":
        return asked
    size = Architecture(layers=1, width=32, heads=2, vocabulary=320)
    return asked.model_copy(update={"architecture": size, "schedule": Schedule(max_length=64)})


def _wake(bench: Bench, job_id: str) -> None:
    with connect(bench.settings.broker_url) as bus, bus.publisher() as publisher:
        publisher.publish([envelope(JobQueued(job_id=job_id))])


def _trainers() -> list[psutil.Process]:
    found = psutil.Process().children(recursive=True)
    return [child for child in found if "services.training.jobs.child_main" in child.cmdline()]


def _is_in(bench: Bench, job_id: str, phase: str) -> bool:
    return bench.job(job_id).status in FINAL_STATUSES or any(
        message.startswith(PHASES[phase]) for message in bench.told(job_id)
    )


def _left(bench: Bench, job_id: str) -> list[str]:
    folder = bench.settings.home / "training"
    files = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return files + (["checkpoints"] if bench.store.exists(f"jobs/{job_id}/checkpoints") else [])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("phase", PHASES)
def test_a_trainer_that_is_killed_is_replaced(kind: str, phase: str, bench: Bench, tmp_path: Path) -> None:
    """SIGKILL is what the kernel sends for lack of memory, too."""
    job_id = bench.submit(spec(bench, kind, tmp_path))
    with running(bench.settings):
        _wake(bench, job_id)
        wait_for(lambda: _is_in(bench, job_id, phase), PATIENCE)
        for trainer in _trainers():
            trainer.kill()
        wait_for(lambda: bench.job(job_id).status in FINAL_STATUSES, PATIENCE)
        wait_for(lambda: not _trainers(), 10.0)

    job, told = bench.job(job_id), bench.told(job_id)
    assert (job.status, job.attempt) == ("succeeded", 2), told
    assert "Attempt 1 ended because its process was killed (SIGKILL), probably for lack of memory." in told
    assert job.fine_tuned_model is not None
    assert _left(bench, job_id) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("phase", PHASES)
def test_a_job_that_is_cancelled_is_gone(kind: str, phase: str, bench: Bench, tmp_path: Path) -> None:
    job_id = bench.submit(spec(bench, kind, tmp_path))
    with running(bench.settings):
        _wake(bench, job_id)
        wait_for(lambda: _is_in(bench, job_id, phase), PATIENCE)
        with bench.database.transaction() as session:
            jobs.request_cancel(session, job_id, bench.job(job_id).created_at + 1)
        wait_for(lambda: bench.job(job_id).status in FINAL_STATUSES, 20.0)
        wait_for(lambda: not _trainers(), 10.0)

    job = bench.job(job_id)
    assert job.status == "cancelled", bench.told(job_id)
    assert bench.told(job_id)[-1] == "The job was cancelled."
    assert job.fine_tuned_model is None
    assert _left(bench, job_id) == []
