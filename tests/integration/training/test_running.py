"""Training processes that are killed, cancelled and woken: what a user sees of it is a job that goes on or says why not."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from services.training.app import running
from shared.contracts.training.jobs import FINAL_STATUSES, SCRATCH, Architecture, JobQueued, JobSpec
from shared.messaging.connect import connect
from shared.messaging.envelope import envelope
from shared.storage.training import jobs
from tests.logging_to import lines_to
from tests.unit.training import job_kit
from tests.unit.training.job_kit import Bench
from tests.unit.training.tiny_base import tiny_base
from tests.waiting import wait_for

#: Epochs of a job that is surely still training when something happens to it.
LONG = 100
#: Seconds that a job may take on a busy machine before a test gives up on it.
PATIENCE = 120.0


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_base(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture
def bench(tmp_path: Path, base: str) -> Iterator[Bench]:
    with job_kit.bench(tmp_path / "home", base_models=Path(base).parent, training_checkpoint_seconds=0.3) as made:
        yield made


@pytest.fixture
def impatient(tmp_path: Path, base: str) -> Iterator[Bench]:
    """A Parley whose workers are given up on soon."""
    settings = {"training_lease_seconds": 4.0, "training_checkpoint_seconds": 0.3}
    with job_kit.bench(tmp_path / "home", base_models=Path(base).parent, **settings) as made:
        yield made


def _asked(kind: str, bench: Bench, base: str, epochs: int) -> JobSpec:
    """A job of the tiny encoder, or of a decoder that begins with nothing."""
    if kind == "encoder":
        return job_kit.spec(base, bench.upload(job_kit.lines()), epochs=epochs)
    said = [
        [
            {"role": "user", "content": f"is parcel {number} here?"},
            {"role": "assistant", "content": f"{number} is here"},
        ]
        for number in range(200)
    ]
    file = bench.upload([{"messages": chat} for chat in said])
    size = Architecture(layers=1, width=32, heads=2, vocabulary=320)
    return job_kit.spec(SCRATCH, file, epochs=epochs).model_copy(
        update={"task": "text_generation", "architecture": size}
    )


KINDS = pytest.mark.parametrize("kind", ["encoder", "decoder"])


def _nothing_left(bench: Bench, job_id: str) -> bool:
    return not bench.store.exists(f"jobs/{job_id}/checkpoints") and not [*(bench.settings.home / "training").iterdir()]


def _wake(bench: Bench, job_id: str) -> None:
    """Tell the workers on the bench's bus, as the gateway does."""
    with connect(bench.settings.broker_url) as bus, bus.publisher() as publisher:
        publisher.publish([envelope(JobQueued(job_id=job_id))])


def _trainers(parent: psutil.Process) -> list[psutil.Process]:
    return [
        child for child in parent.children(recursive=True) if "services.training.jobs.child_main" in child.cmdline()
    ]


def _trainer(parent: psutil.Process) -> psutil.Process:
    (trainer,) = _trainers(parent)
    return trainer


def _ended(bench: Bench, job_id: str) -> bool:
    return bench.job(job_id).status in FINAL_STATUSES


def _is_training(bench: Bench, job_id: str, attempt: int = 1) -> bool:
    """Whether this attempt has told of a step."""
    told = bench.told(job_id)
    begin = f"Attempt {attempt} begins."
    return begin in told and any(message.startswith("Step ") for message in told[told.index(begin) :])


def _gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.mark.slow  # tests/end_to_end kills both of a platform's own
@KINDS
def test_a_job_survives_its_trainer_and_its_worker(kind: str, impatient: Bench, base: str) -> None:
    bench = impatient
    spec = _asked(kind, bench, base, epochs=30)
    job_id = bench.submit(spec, created_at=time.time() - 60)  # so old that the reaper wakes a worker for it at once
    worker = subprocess.Popen(
        [sys.executable, "-m", "services.training"], env=bench.settings.child_environment(), process_group=0
    )
    try:
        wait_for(lambda: len(bench.checkpoints(job_id)) > 0, PATIENCE)
        _trainer(psutil.Process(worker.pid)).kill()
        wait_for(lambda: _is_training(bench, job_id, attempt=2), PATIENCE)
        orphan = _trainer(psutil.Process(worker.pid))
    finally:
        worker.kill()
        worker.wait()
    wait_for(lambda: _gone(orphan), 5.0)
    with running(bench.settings):
        wait_for(lambda: _ended(bench, job_id), PATIENCE)
    job, told = bench.job(job_id), bench.told(job_id)
    assert (job.status, job.attempt) == ("succeeded", 3), told
    assert "Attempt 1 ended because its process was killed (SIGKILL), probably for lack of memory." in told
    assert "Attempt 2 ended because its worker fell silent." in told
    assert sum(message.startswith("Goes on from the checkpoint of step") for message in told) == 2
    assert job.estimated_finish is None
    assert _nothing_left(bench, job_id)


@pytest.mark.slow
@KINDS
@pytest.mark.parametrize("phase", ["Attempt 1 begins.", "weights were trained"])
def test_a_trainer_that_is_killed_before_or_after_training_is_started_again(
    phase: str, kind: str, bench: Bench, base: str
) -> None:
    job_id = bench.submit(_asked(kind, bench, base, epochs=3))
    with running(bench.settings):
        _wake(bench, job_id)
        wait_for(lambda: any(phase in message for message in bench.told(job_id)), PATIENCE)
        _trainer(psutil.Process()).kill()
        wait_for(lambda: _ended(bench, job_id), PATIENCE)
    job, told = bench.job(job_id), bench.told(job_id)
    assert (job.status, job.attempt) == ("succeeded", 2), told
    assert "Attempt 1 ended because its process was killed (SIGKILL), probably for lack of memory." in told
    assert _nothing_left(bench, job_id)


@KINDS
def test_a_cancelled_job_ends_within_five_seconds(kind: str, bench: Bench, base: str) -> None:
    job_id = bench.submit(_asked(kind, bench, base, epochs=LONG))
    with running(bench.settings):
        _wake(bench, job_id)
        wait_for(lambda: _is_training(bench, job_id), PATIENCE)
        trainer = _trainer(psutil.Process())
        with bench.database.transaction() as session:
            assert jobs.request_cancel(session, job_id, time.time()).status == "running"
        assert wait_for(lambda: _ended(bench, job_id), 10.0) < 5.0
        assert _gone(trainer)
        assert bench.job(job_id).status == "cancelled"
        assert bench.told(job_id)[-1] == "The job was cancelled."
        wait_for(lambda: _nothing_left(bench, job_id), PATIENCE)  # the worker clears up once the job has ended


def test_a_paused_job_frees_its_worker_and_goes_on_from_its_checkpoint(bench: Bench, base: str) -> None:
    job_id = bench.submit(job_kit.spec(base, bench.upload(job_kit.lines()), epochs=LONG))
    other = bench.submit(job_kit.spec(base, bench.upload(job_kit.lines()), epochs=LONG))
    with running(bench.settings):
        _wake(bench, job_id)
        wait_for(lambda: len(bench.checkpoints(job_id)) > 0, PATIENCE)
        trainer = _trainer(psutil.Process())
        with bench.database.transaction() as session:
            assert jobs.request_pause(session, job_id)
        wait_for(lambda: bench.job(job_id).status == "paused", PATIENCE)
        assert _gone(trainer)
        assert (bench.job(job_id).attempt, bench.told(job_id)[-1]) == (0, "Attempt 1 ended because the job was paused.")
        _wake(bench, job_id)  # which wakes none that is paused
        _wake(bench, other)
        wait_for(lambda: bench.job(other).status == "running", PATIENCE)  # its worker was free
        assert bench.job(job_id).status == "paused"
        with bench.database.transaction() as session:
            jobs.request_cancel(session, other, time.time())
            assert jobs.request_resume(session, job_id)
        _wake(bench, job_id)
        began = "Goes on from the checkpoint of step"
        wait_for(lambda: any(message.startswith(began) for message in bench.told(job_id)), PATIENCE)


def test_a_worker_that_is_stopped_hands_its_job_on(bench: Bench, base: str, tmp_path: Path) -> None:
    job_id = bench.submit(job_kit.spec(base, bench.upload(job_kit.lines()), epochs=LONG))
    with (tmp_path / "log").open("a", encoding="utf-8") as file, lines_to(file), running(bench.settings):
        _wake(bench, job_id)
        _wake(bench, job_id)  # a doubled wake-up changes nothing
        wait_for(lambda: _is_training(bench, job_id), PATIENCE)
        trainer = _trainer(psutil.Process())
        began = time.monotonic()
    assert time.monotonic() - began < 5.0
    assert _gone(trainer)
    assert (bench.job(job_id).status, bench.job(job_id).attempt) == ("queued", 0), "it does not count"
    assert bench.told(job_id)[-1] == "Attempt 1 ended because its worker was stopped."
    written = [json.loads(line) for line in (tmp_path / "log").read_text("utf-8").splitlines()]
    assert {line["service"] for line in written} == {"test", "trainer"}, "what a trainer says goes where the logs go"


@KINDS
def test_a_job_whose_trainer_keeps_dying_fails_with_the_reason(kind: str, bench: Bench, base: str) -> None:
    settings = bench.settings.model_copy(update={"training_attempts": 1})
    job_id = bench.submit(_asked(kind, bench, base, epochs=LONG))
    with running(settings):
        _wake(bench, job_id)
        wait_for(lambda: bool(_trainers(psutil.Process())), PATIENCE)
        _trainer(psutil.Process()).send_signal(signal.SIGKILL)
        wait_for(lambda: _ended(bench, job_id), PATIENCE)
    job = bench.job(job_id)
    assert job.status == "failed"
    assert job.error is not None
    assert "SIGKILL" in job.error["message"]
    assert _nothing_left(bench, job_id)


def test_a_job_that_takes_too_long_fails(bench: Bench, base: str) -> None:
    settings = bench.settings.model_copy(update={"training_limit_seconds": 1.0})
    job_id = bench.submit(job_kit.spec(base, bench.upload(job_kit.lines()), epochs=LONG))
    with running(settings):
        _wake(bench, job_id)
        wait_for(lambda: _ended(bench, job_id), PATIENCE)
    job = bench.job(job_id)
    assert job.status == "failed"
    assert job.error is not None
    assert job.error["code"] == "time_limit_exceeded"


def test_a_worker_that_cannot_write_says_so(bench: Bench, base: str, tmp_path: Path) -> None:
    (tmp_path / "occupied").touch()
    settings = bench.settings.model_copy(update={"training_folder": tmp_path / "occupied"})
    job_id = bench.submit(job_kit.spec(base, bench.upload(job_kit.lines())))
    with running(settings):
        _wake(bench, job_id)
        wait_for(lambda: _ended(bench, job_id), PATIENCE)
    job = bench.job(job_id)
    assert (job.status, job.attempt) == ("failed", 1)
    assert job.error is not None
    assert "PARLEY_TRAINING_FOLDER" in job.error["message"]
