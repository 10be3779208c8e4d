"""Wake-ups in: Celery, where there is a broker, says that a job waits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from celery import Celery
from celery.worker import state

from services.training.jobs.supervisor import Supervisor
from shared.contracts.training.jobs import JobQueued
from shared.messaging.celery.job_queue import TRAIN_TASK
from shared.messaging.consuming.handlers import Handlers, one_by_one
from shared.telemetry.health import Check


def register(app: Celery, supervisor: Supervisor) -> Any:
    """Make ``parley.train`` a task of ``app``. It is acknowledged before it starts; the job's lease guards the rest."""

    @app.task(name=TRAIN_TASK)  # type: ignore[untyped-decorator]  # celery is untyped
    def train(job_id: str) -> None:
        supervisor.run(job_id)

    return train


@contextmanager
def working(app: Celery, supervisor: Supervisor) -> Iterator[Check]:
    """Take wake-ups in threads of this process: the work itself is done by a child process that can be killed.

    Yields what is wrong if the worker has ended.

    (A pool of processes would put a process between supervisor and child, and ends by waiting for the job.)
    """
    register(app, supervisor)
    worker = app.WorkController(pool="threads", concurrency=1, loglevel="INFO")
    state.should_stop = None
    thread = Thread(target=worker.start, name="celery-worker", daemon=True)
    thread.start()
    try:
        yield lambda: None if thread.is_alive() else "the Celery worker has ended; restart the process"
    finally:
        supervisor.stop()
        state.should_stop = 0
        thread.join()
        state.should_stop = None


def build_handlers(supervisor: Supervisor) -> Handlers:
    """The table of message types and what is done with them."""

    def on_queued(wake_up: JobQueued) -> None:
        supervisor.run(wake_up.job_id)

    return {JobQueued: one_by_one(on_queued)}
