"""A database that is away for a while: it costs a job time, but no attempt, and nothing runs twice at once."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from services.training.jobs.reaper import Reaper
from services.training.settings import TrainingSettings
from shared.contracts.training.jobs import FINAL_STATUSES, JobSpec
from shared.errors import Unavailable
from shared.storage.database.engine import open_database
from shared.storage.training import jobs
from tests.infrastructure import database_url
from tests.integration.proxy import Proxy, proxied
from tests.unit.training import job_kit
from tests.unit.training.job_kit import Bench
from tests.unit.training.tiny_base import tiny_base
from tests.waiting import wait_for

#: Seconds that a job may take on a busy machine before a test gives up on it.
PATIENCE = 120.0


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_base(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture
def bench(tmp_path: Path, base: str, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """On a PostgreSQL that is always there for the test itself. The parameter: seconds of a lease."""
    settings = {
        "training_lease_seconds": request.param,
        "training_checkpoint_seconds": 0.3,
        "base_models": Path(base).parent,
    }
    with database_url() as url, job_kit.bench(tmp_path / "home", database_url=url, **settings) as made:
        yield made


@pytest.fixture
def network(bench: Bench) -> Iterator[Proxy]:
    """What lies between a worker and that PostgreSQL."""
    with proxied(bench.settings.database) as proxy:
        yield proxy


@contextmanager
def worker(settings: TrainingSettings, database: str) -> Iterator[psutil.Process]:
    environment = settings.child_environment() | {"PARLEY_DATABASE_URL": database}
    command = [sys.executable, "-m", "services.training"]
    with subprocess.Popen(command, env=environment, process_group=0) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.kill()


def submitted(bench: Bench, base: str, epochs: int) -> str:
    """A job so old that the reaper wakes a worker for it at once."""
    spec = job_kit.spec(base, bench.upload(job_kit.lines()), epochs=epochs)
    return bench.submit(spec, created_at=time.time() - 60)


def trainer_of(process: psutil.Process) -> psutil.Process:
    (trainer,) = (child for child in process.children() if "services.training.jobs.child_main" in child.cmdline())
    return trainer


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def milestones(bench: Bench, job_id: str) -> list[str]:
    """The beginnings and ends of attempts."""
    told = (message.partition(" step")[0] for message in bench.told(job_id))
    return [message for message in told if message.startswith(("Attempt", "Goes on"))]


@pytest.mark.slow
@pytest.mark.parametrize("bench", [60.0], indirect=True)
def test_a_job_trains_on_after_a_short_outage(bench: Bench, network: Proxy, base: str) -> None:
    job_id = submitted(bench, base, epochs=30)
    with worker(bench.settings, network.url) as process:
        wait_for(lambda: len(bench.checkpoints(job_id)) > 0, PATIENCE)
        network.deafen()
        time.sleep(4)
        assert not gone(trainer_of(process))
        network.listen()
        wait_for(lambda: bench.job(job_id).status in FINAL_STATUSES, PATIENCE)
    assert (bench.job(job_id).status, bench.job(job_id).attempt) == ("succeeded", 1), bench.told(job_id)
    assert milestones(bench, job_id) == ["Attempt 1 begins."]


@pytest.mark.parametrize("bench", [8.0], indirect=True)
def test_a_long_outage_costs_no_attempt(bench: Bench, network: Proxy, base: str) -> None:
    job_id = submitted(bench, base, epochs=30)
    with worker(bench.settings, network.url) as process:
        wait_for(lambda: len(bench.checkpoints(job_id)) > 0, PATIENCE)
        trainer = trainer_of(process)
        network.deafen()
        assert wait_for(lambda: gone(trainer), PATIENCE) < 8.0, "nobody else may have the job while it trains"
        time.sleep(8)
        network.listen()
        wait_for(lambda: bench.job(job_id).status in FINAL_STATUSES, PATIENCE)
    assert (bench.job(job_id).status, bench.job(job_id).attempt) == ("succeeded", 1), bench.told(job_id)
    ended = "Attempt 1 ended because the database was away; it does not count."
    assert milestones(bench, job_id) == [
        "Attempt 1 begins.",
        ended,
        "Attempt 1 begins.",
        "Goes on from the checkpoint of",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("bench", [8.0], indirect=True)
def test_a_worker_that_alone_is_cut_off_has_stopped_before_another_takes_its_job(
    bench: Bench, network: Proxy, base: str
) -> None:
    job_id = submitted(bench, base, epochs=30)
    with worker(bench.settings, network.url) as cut_off:
        wait_for(lambda: len(bench.checkpoints(job_id)) > 0, PATIENCE)
        trainer = trainer_of(cut_off)
        network.deafen()
        with worker(bench.settings, bench.settings.database):
            wait_for(lambda: bench.job(job_id).lease_token is None or bench.job(job_id).attempt == 2, PATIENCE)
            assert gone(trainer)
            network.listen()
            wait_for(lambda: bench.job(job_id).status in FINAL_STATUSES, PATIENCE)
    assert (bench.job(job_id).status, bench.job(job_id).attempt) == ("succeeded", 2), bench.told(job_id)
    assert milestones(bench, job_id)[1] == "Attempt 1 ended because its worker fell silent."


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Nobody:
    """A job queue for tests in which nobody waits."""

    def wake(self, job_id: str) -> None:
        """See ``JobQueue``."""


@pytest.mark.parametrize("bench", [30.0], indirect=True)
def test_a_lease_that_ran_out_in_an_outage_costs_no_attempt_and_may_still_be_renewed(
    bench: Bench, network: Proxy
) -> None:
    clock = Clock()
    silent, alive = (bench.submit(JobSpec(model="minilm", training_file="file-x")) for _ in range(2))
    with bench.database.transaction() as session:
        for job_id in (silent, alive):
            assert jobs.claim(session, token="mine", now=clock.now, lease_seconds=30, job_id=job_id)
    with open_database(network.url) as database:
        reaper = Reaper(database, bench.store, Nobody(), attempts=1, grace=30, clock=clock)
        network.deafen()
        for _ in range(3):
            clock.now += 100
            with pytest.raises(Unavailable):
                reaper.round()
        network.listen()
        reaper.round()
        assert bench.job(silent).status == "running", "its worker may only now have noticed"
        clock.now += 10
        with bench.database.transaction() as session:
            assert jobs.renew(session, alive, "mine", clock.now, 30)
        clock.now += 25
        reaper.round()
    assert (bench.job(alive).status, bench.job(alive).attempt) == ("running", 1)
    assert (bench.job(silent).status, bench.job(silent).attempt) == ("queued", 0)
    assert bench.told(silent) == ["Attempt 1 ended because the database was away; it does not count."]
