"""Composition root of nlu."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from uuid import uuid4

from services.nlu.handlers import build_handlers, build_release_handlers
from services.nlu.inputs import InputWatch
from services.nlu.named_models import NamedModels
from services.nlu.repository import TASK, ModelRepository
from services.nlu.served_model import ServedModel
from services.nlu.settings import NluSettings
from shared.artifacts.store import open_store
from shared.background import Ticker
from shared.inference.products import one_thread
from shared.inference.session import PROVIDERS, check_providers
from shared.inference.slot import ModelSlot
from shared.messaging.connect import connect
from shared.messaging.consuming.consumer import Consumer
from shared.messaging.topology import Queues
from shared.presence import present
from shared.storage.database.engine import open_database
from shared.telemetry.health import Health

#: Seconds after which a promotion is noticed even if its message was lost.
_RECONCILE_SECONDS = 10.0
#: Seconds between two words about what models are asked.
_TELL_SECONDS = 30.0


@contextmanager
def running(settings: NluSettings) -> Iterator[Health]:
    """Start serving; on exit the batch under way is finished, everything else stays in the queue.

    Raises:
        SettingsError: The GPU that was demanded is not there, or a URL is wrong.
    """
    providers = PROVIDERS[settings.inference_device]
    check_providers(providers)
    one_thread()
    with ExitStack() as stack:
        library = ModelRepository(
            database=stack.enter_context(open_database(settings.database)),
            store=open_store(settings.artifacts),
            cache=settings.home / "cache",
            threads=settings.inference_threads,
            providers=providers,
        )
        slot = stack.enter_context(closing(ModelSlot(TASK)))
        named = stack.enter_context(
            closing(NamedModels(library.open_any, clock=time.monotonic, capacity=settings.named_models))
        )
        production = ServedModel(slot, TASK, library.in_production, library.open)
        production.follow()
        bus = stack.enter_context(connect(settings.broker_url, prefix=settings.broker_prefix))
        publisher = stack.enter_context(bus.publisher())
        inputs = InputWatch(uuid4().hex, publisher, time.time)
        releases = Consumer(
            bus, Queues.releases(TASK, uuid4().hex), build_release_handlers(production), publisher=publisher
        )
        consumer = Consumer(
            bus,
            Queues.NLU,
            build_handlers(production, named, inputs),
            publisher=publisher,
            batch_size=settings.batch_size,
        )
        stack.enter_context(releases)
        stack.enter_context(consumer)
        stack.enter_context(Ticker("nlu-inputs", inputs.tell, _TELL_SECONDS))
        stack.enter_context(Ticker("nlu-reconcile", production.follow, _RECONCILE_SECONDS))
        health = Health({"model": production.problem, "broker": consumer.refusal}, vital={"consumer": consumer.problem})
        stack.enter_context(present(library.database, TASK, health.report, lambda: {"model": production.model_id}))
        yield health
