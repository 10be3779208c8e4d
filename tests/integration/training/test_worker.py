"""A training worker as it is deployed: woken by Celery over RabbitMQ, jobs in PostgreSQL."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

from shared.contracts.releases import ModelPublished
from shared.contracts.training.jobs import FINAL_STATUSES
from shared.messaging.celery.job_queue import CeleryJobQueue
from shared.messaging.connect import connect
from shared.messaging.topology import Queues
from tests.integration.places import place
from tests.unit.training import job_kit
from tests.unit.training.tiny_base import tiny_base
from tests.waiting import wait_for


def test_a_worker_trains_publishes_and_ends_cleanly(tmp_path: Path) -> None:
    base = str(tiny_base(tmp_path / "tiny"))
    with (
        place("stack", tmp_path / "home") as where,
        job_kit.bench(tmp_path / "home", base_models=tmp_path, **where.settings()) as bench,
        connect(where.broker_url, prefix=where.broker_prefix) as bus,
        bus.subscribe(Queues.releases("nlu", "test"), 10) as releases,
    ):
        job_id = bench.submit(job_kit.spec(base, bench.upload(job_kit.lines()), epochs=1))
        command = [sys.executable, "-m", "services.training"]
        with subprocess.Popen(command, env=bench.settings.child_environment()) as worker:
            try:
                CeleryJobQueue(where.broker_url, where.broker_prefix).wake(job_id)
                wait_for(lambda: bench.job(job_id).status in FINAL_STATUSES, 120.0)
                job = bench.job(job_id)
                assert job.status == "succeeded", bench.told(job_id)
                (release,) = releases.receive(10, 10.0)
                published = ModelPublished(slot="nlu", model_id=job.fine_tuned_model or "")
                assert release.decode().message == published
                releases.settle([release])
                worker.send_signal(signal.SIGTERM)
                asked = time.monotonic()
                assert worker.wait(20) == 0
                assert time.monotonic() - asked < 5.0
            finally:
                worker.kill()
