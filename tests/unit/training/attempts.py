"""One attempt at a job, in this process."""

from __future__ import annotations

import io
import secrets
import time
from pathlib import Path
from threading import Event

from services.training.jobs.attempt import attempt
from services.training.jobs.channel import Channel, received
from services.training.jobs.lease import JobLease
from shared.artifacts.bundle import Bundle
from shared.artifacts.layout import model_key
from shared.contracts.message import Message
from shared.contracts.training.jobs import JobSpec
from shared.storage.training import jobs
from tests.unit.training.job_kit import Bench


def attempt_at(bench: Bench, spec: JobSpec, stopped: Event | None = None) -> tuple[str, int, list[Message]]:
    """Claim a new job and make one attempt at it; its id, how the attempt ended, what it published."""
    job_id = bench.submit(spec)
    status, told = attempt_again(bench, job_id, stopped)
    return job_id, status, told


def attempt_again(bench: Bench, job_id: str, stopped: Event | None = None) -> tuple[int, list[Message]]:
    """Claim a job and make one attempt at it."""
    token = secrets.token_hex(8)
    with bench.database.transaction() as session:
        assert jobs.claim(session, token=token, now=time.time(), lease_seconds=60, job_id=job_id)
    bench.settings.attempt_folder(token).mkdir(parents=True)
    stream = io.StringIO()
    lease = JobLease(bench.database, job_id, token, stopped or Event())
    status = attempt(lease, Channel(stream), bench.settings, stopped or Event())
    stream.seek(0)
    return status, list(received(stream))


def bundle_of(bench: Bench, model: str, cache: Path) -> Bundle:
    """The files of a model."""
    return Bundle.open(bench.store.fetch_folder(model_key(model), cache))
