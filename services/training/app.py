"""Composition root of training. torch stays out of it: only the child processes need it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from services.training.exporting.base_models import BaseModelPublisher
from services.training.jobs.reaper import PERIOD_SECONDS, Reaper
from services.training.jobs.supervisor import Supervisor
from services.training.jobs.wake_ups import build_handlers, working
from services.training.settings import TrainingSettings
from shared.artifacts.store import open_store
from shared.background import Ticker
from shared.messaging.celery.job_queue import celery_app, job_queue
from shared.messaging.connect import connect
from shared.messaging.consuming.consumer import Consumer
from shared.messaging.topology import Queues
from shared.presence import present
from shared.settings import MEMORY_BROKER
from shared.storage.database.engine import open_database
from shared.telemetry.health import Check, Health


@contextmanager
def running(settings: TrainingSettings) -> Iterator[Health]:
    """Start taking jobs; on exit the one under way writes a checkpoint and waits for the next worker.

    Raises:
        SettingsError: A URL is wrong.
        Unavailable: The database cannot be reached.
    """
    with ExitStack() as stack:
        database = stack.enter_context(open_database(settings.database))
        store = open_store(settings.artifacts)
        stack.enter_context(BaseModelPublisher(store))
        bus = stack.enter_context(connect(settings.broker_url, prefix=settings.broker_prefix))
        publisher = stack.enter_context(bus.publisher())
        queue = job_queue(settings.broker_url, publisher, settings.broker_prefix)
        supervisor = Supervisor(database, store, publisher, queue, settings)
        if settings.broker_url.startswith(MEMORY_BROKER):
            handlers = build_handlers(supervisor)
            consumer = Consumer(bus, Queues.TRAIN_CPU, handlers, publisher=publisher, batch_size=1)
            problem: Check = stack.enter_context(consumer).problem
            stack.callback(supervisor.stop)
        else:
            app = celery_app(settings.broker_url, settings.broker_prefix)
            problem = stack.enter_context(working(app, supervisor))
        reaper = Reaper(database, store, queue, settings.training_attempts, settings.training_lease_seconds)
        stack.enter_context(Ticker("training-reaper", reaper.round, PERIOD_SECONDS))
        health = Health({}, vital={"consumer": problem})
        stack.enter_context(present(database, "training", health.report))
        yield health
