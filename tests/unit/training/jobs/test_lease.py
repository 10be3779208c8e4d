"""What is written for a job is written once and whole, or not at all, however often the database goes away meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from services.training.jobs.lease import JobLease, LeaseLost
from shared.contracts.training.jobs import JobSpec
from shared.errors import Unavailable
from shared.storage.database.engine import Session
from shared.storage.tables.core import File
from shared.storage.training import files, jobs
from tests.unit.training import job_kit
from tests.unit.training.job_kit import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with job_kit.bench(tmp_path / "home") as made:
        yield made


@pytest.fixture
def job_id(bench: Bench) -> str:
    claimed = bench.submit(JobSpec(model="minilm", training_file="file-x"))
    with bench.database.transaction() as session:
        assert jobs.claim(session, token="mine", now=1000.0, lease_seconds=30, job_id=claimed)
    return claimed


class Writing:
    """Stores a file, but for the first times the database goes away before the commit."""

    def __init__(self, failures: int) -> None:
        self.row = File(
            id="file-1",
            filename="x",
            purpose="fine-tune-results",
            bytes=1,
            sha256="0" * 64,
            created_at=1.0,
            status="processed",
        )
        self.failures = failures

    def __call__(self, session: Session) -> None:
        files.add(session, self.row)
        if self.failures:
            self.failures -= 1
            raise Unavailable("gone")


def test_a_write_outlasts_an_outage_and_is_done_once(bench: Bench, job_id: str) -> None:
    JobLease(bench.database, job_id, "mine", Event()).write(Writing(failures=2))
    with bench.database.reading() as session:
        assert [file.id for file in files.page(session).items] == ["file-1"]


def test_who_was_told_to_stop_does_not_wait_for_the_database(bench: Bench, job_id: str) -> None:
    stopped = Event()
    stopped.set()
    with pytest.raises(Unavailable):
        JobLease(bench.database, job_id, "mine", stopped).write(Writing(failures=1))


def test_a_lease_that_was_lost_in_the_outage_writes_nothing(bench: Bench, job_id: str) -> None:
    with pytest.raises(LeaseLost):
        JobLease(bench.database, job_id, "another's", Event()).write(Writing(failures=0))
    with bench.database.reading() as session:
        assert files.page(session).items == []
