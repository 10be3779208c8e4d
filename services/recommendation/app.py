"""Composition root of recommendation."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from uuid import uuid4

from services.recommendation.catalogs import Catalogs
from services.recommendation.handlers import build_handlers, build_news_handlers
from services.recommendation.repository import CatalogRepository
from services.recommendation.settings import RecommendationSettings
from shared.artifacts.store import open_store
from shared.inference.products import one_thread
from shared.messaging.connect import connect
from shared.messaging.consuming.consumer import Consumer
from shared.messaging.topology import Queues
from shared.presence import present
from shared.storage.database.engine import open_database
from shared.telemetry.health import Health


@contextmanager
def running(settings: RecommendationSettings) -> Iterator[Health]:
    """Start answering; on exit the batch under way is finished, everything else stays in the queue.

    Raises:
        SettingsError: A URL is wrong.
        Unavailable: The database cannot be reached.
    """
    one_thread()
    with ExitStack() as stack:
        repository = CatalogRepository(
            database=stack.enter_context(open_database(settings.database)),
            store=open_store(settings.artifacts),
            cache=settings.home / "cache",
            threads=settings.inference_threads,
        )
        catalogs = stack.enter_context(closing(Catalogs(repository, settings.catalogs_in_memory)))
        bus = stack.enter_context(connect(settings.broker_url, prefix=settings.broker_prefix))
        publisher = stack.enter_context(bus.publisher())
        news = Consumer(bus, Queues.catalogs(uuid4().hex), build_news_handlers(catalogs.prepare), publisher=publisher)
        stack.enter_context(news)
        consumer = Consumer(
            bus,
            Queues.RECOMMENDATION,
            build_handlers(catalogs, time.time),
            publisher=publisher,
            batch_size=settings.batch_size,
        )
        stack.enter_context(consumer)
        health = Health({"broker": consumer.refusal}, vital={"consumer": consumer.problem})
        stack.enter_context(present(repository.database, "recommendation", health.report))
        yield health
