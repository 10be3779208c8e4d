"""Lost wake-ups are sent again, silent workers lose their jobs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.training.jobs.reaper import Reaper
from shared.artifacts.layout import checkpoints_key
from shared.contracts.training.jobs import JobSpec
from shared.storage.training import jobs
from tests.unit.training import job_kit
from tests.unit.training.job_kit import Bench

_SPEC = JobSpec(model="minilm", training_file="file-x")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Woken(list[str]):
    """A job queue that notes whom it woke."""

    def wake(self, job_id: str) -> None:
        self.append(job_id)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with job_kit.bench(tmp_path / "home") as made:
        yield made


def test_a_waiting_job_is_woken_ever_more_rarely(bench: Bench) -> None:
    clock, woken = Clock(), Woken()
    reaper = Reaper(bench.database, bench.store, woken, attempts=3, grace=0, clock=clock)
    job_id = bench.submit(_SPEC, created_at=clock.now - 5)
    at: list[float] = []
    for _ in range(120):  # ten minutes
        before = len(woken)
        reaper.round()
        at += [clock.now - 1000] * (len(woken) - before)
        clock.now += 5
    assert set(woken) == {job_id}
    assert at[:4] == [10.0, 20.0, 40.0, 80.0]
    assert len(at) < 10


def test_a_job_of_a_silent_worker_is_queued_again_and_fails_in_the_end(bench: Bench) -> None:
    clock, woken = Clock(), Woken()
    reaper = Reaper(bench.database, bench.store, woken, attempts=2, grace=0, clock=clock)
    job_id = bench.submit(_SPEC, created_at=clock.now)
    bench.store.put_stream(f"{checkpoints_key(job_id)}/left", [b"x"], 10)
    for attempt in (1, 2):
        with bench.database.transaction() as session:
            assert jobs.claim(session, token=f"t{attempt}", now=clock.now, lease_seconds=30)
        clock.now += 29
        reaper.round()
        assert bench.job(job_id).status == "running"
        clock.now += 2
        reaper.round()
    job = bench.job(job_id)
    assert woken == [job_id]
    assert job.status == "failed"
    assert job.error is not None
    assert "2 attempts" in job.error["message"]
    assert bench.told(job_id) == [f"Attempt {attempt} ended because its worker fell silent." for attempt in (1, 2)]
    assert not bench.store.exists(checkpoints_key(job_id))
