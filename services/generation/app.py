"""The generation service put together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from uuid import uuid4

from services.generation.bot_registry import BotRegistry
from services.generation.handlers import build_handlers, build_release_handlers
from services.generation.knowledge_cache import KnowledgeIndexCache
from services.generation.repository import BotRepository
from services.generation.settings import GenerationSettings
from shared.artifacts.store import open_store
from shared.background import Ticker
from shared.inference.products import one_thread
from shared.messaging.connect import connect
from shared.messaging.consuming.consumer import Consumer
from shared.messaging.topology import Queues
from shared.storage.engine import open_database
from shared.telemetry.health import Health

#: Seconds after which a missed release is noticed.
_RECONCILE_SECONDS = 10.0


@contextmanager
def running(settings: GenerationSettings) -> Iterator[Health]:
    """Answer turns while the context is open; yields what may be wrong with it.

    Raises:
        SettingsError: A setting is wrong.
        Unavailable: The database cannot be reached.
    """
    one_thread()
    with ExitStack() as stack:
        database = stack.enter_context(open_database(settings.database))
        library = BotRepository(database, open_store(settings.artifacts), settings.home / "cache")
        registry = BotRegistry(library.newest_bot, library.model_in_production, KnowledgeIndexCache(library.embedder))
        bus = stack.enter_context(connect(settings.broker_url, prefix=settings.broker_prefix))
        publisher = stack.enter_context(bus.publisher())
        releases = Queues.releases("generation", uuid4().hex)
        # News first, then a look at what is there: what is released in between is then not missed.
        stack.enter_context(Consumer(bus, releases, build_release_handlers(registry), publisher=publisher))
        registry.follow()
        stack.enter_context(Ticker("generation-releases", registry.follow, _RECONCILE_SECONDS))
        consumer = Consumer(
            bus, Queues.GENERATION, build_handlers(registry), publisher=publisher, batch_size=settings.batch_size
        )
        stack.enter_context(consumer)
        yield Health({"bot": registry.problem, "broker": consumer.refusal}, vital={"consumer": consumer.problem})
