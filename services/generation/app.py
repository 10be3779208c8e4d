"""The generation service put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from uuid import uuid4

from services.generation.bot_registry import BotRegistry
from services.generation.handlers import (
    build_cancel_handlers,
    build_handlers,
    build_release_handlers,
    build_stream_handlers,
    build_turn_handlers,
)
from services.generation.knowledge_cache import KnowledgeIndexCache
from services.generation.language_models.decoder import Decoder
from services.generation.language_models.engine import Engine
from services.generation.language_models.registry import LanguageModels
from services.generation.language_models.shared_graphs import SharedGraphs
from services.generation.media.service import MediaLimits, MediaReader
from services.generation.past_bots import PastBots
from services.generation.repository import BotRepository
from services.generation.retrieval import app as retrieval
from services.generation.settings import GenerationSettings
from services.generation.turns.explainer import TurnExplainer
from services.generation.turns.recommending import recommender
from services.generation.turns.writer import TurnWriter
from shared.artifacts.store import ArtifactStore, open_store
from shared.background import Ticker
from shared.decoding.parts import DecoderLimits
from shared.inference.products import one_thread
from shared.inference.session import PROVIDERS, check_providers
from shared.messaging.bus import Bus, Publisher
from shared.messaging.connect import connect
from shared.messaging.consuming.consumer import Consumer
from shared.messaging.consuming.stream_consumer import StreamConsumer
from shared.messaging.topology import Queues
from shared.presence import present
from shared.storage.database.engine import open_database
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
    check_providers(PROVIDERS[settings.inference_device])
    one_thread()
    with ExitStack() as stack:
        database = stack.enter_context(open_database(settings.database))
        store = open_store(settings.artifacts)
        library = BotRepository(database, store, settings.home / "cache")
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
        knowledge = stack.enter_context(retrieval.running(settings, database, store, bus, publisher))
        models, streams = _language_models(settings, stack, library, bus, publisher)
        writer = TurnWriter(
            registry,
            knowledge.searcher.search,
            recommender(knowledge.requester, settings.recommendation_timeout_seconds),
            models.generate,
            lambda name: name if name.partition("/")[0] in settings.engines else library.language_model(name),
            timeout=settings.turn_timeout_seconds,
            threads=settings.answers_limit,
        )
        stack.callback(writer.close)
        past = PastBots(registry, library.bot_file, library.model_in_production, KnowledgeIndexCache(library.embedder))
        explainer = TurnExplainer(past)
        stack.callback(explainer.close)
        turns = StreamConsumer(
            bus,
            Queues.UNANSWERED_TURNS,
            build_turn_handlers(writer, explainer),
            publisher=publisher,
            limit=settings.answers_limit,
        )
        stack.enter_context(turns)
        media = stack.enter_context(_media(settings, store, bus, publisher))
        health = Health(
            {"bot": registry.problem, "broker": consumer.refusal, "documents": knowledge.indexer.problem},
            vital={
                "consumer": consumer.problem,
                "language models": streams.problem,
                "turns": turns.problem,
                "media": media,
                "knowledge base": knowledge.problem,
            },
        )
        stack.enter_context(present(database, "generation", health.report))
        yield health


@contextmanager
def _media(
    settings: GenerationSettings, store: ArtifactStore, bus: Bus, publisher: Publisher
) -> Iterator[Callable[[], str | None]]:
    """What customers send along is read; yields what may be wrong with that."""
    how = MediaLimits(
        picture_seconds=settings.media_seconds,
        sound_seconds=settings.sound_seconds,
        longest=settings.sound_longest_seconds,
        piece=settings.sound_piece_seconds,
        voice_model=settings.voice_model,
        engines=settings.speech_engines,
    )
    with ExitStack() as stack:
        reader = stack.enter_context(closing(MediaReader(store, how, threads=2 * settings.media_at_once)))
        consumers = [
            stack.enter_context(
                StreamConsumer(bus, queue, reader.handlers, publisher=publisher, limit=settings.media_at_once)
            )
            for queue in (Queues.MEDIA, Queues.SOUNDS)
        ]
        yield lambda: next((found for consumer in consumers if (found := consumer.problem())), None)


def _language_models(
    settings: GenerationSettings, stack: ExitStack, library: BotRepository, bus: Bus, publisher: Publisher
) -> tuple[LanguageModels, StreamConsumer]:
    limits = DecoderLimits(
        slots=settings.language_model_slots,
        context=settings.language_model_context,
        threads=settings.inference_threads,
        providers=PROVIDERS[settings.inference_device],
    )
    graphs = SharedGraphs()
    engines = {name: Engine(name, address, settings.answers_limit) for name, address in settings.engines.items()}

    def load(model_id: str) -> Decoder:
        return Decoder.from_bundle(library.bundle(model_id), limits, graphs)

    models = stack.enter_context(closing(LanguageModels(load, engines, settings.language_models)))
    streams = StreamConsumer(
        bus,
        Queues.LANGUAGE_MODELS,
        build_stream_handlers(models),
        publisher=publisher,
        limit=settings.answers_limit,
    )
    cancellations = Queues.cancellations(uuid4().hex)
    stack.enter_context(Consumer(bus, cancellations, build_cancel_handlers(streams.cancel), publisher=publisher))
    return models, stack.enter_context(streams)
