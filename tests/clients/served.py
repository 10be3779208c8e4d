"""A platform for real clients: the gateway, a bot that repeats, a decoder of random weights, and an engine that calls functions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from services.generation.language_models.decoder import Decoder
from services.generation.language_models.engine import Engine as RemoteEngine
from services.generation.language_models.registry import LanguageModels
from services.generation.language_models.shared_graphs import SharedGraphs
from shared.artifacts.bundle import Bundle
from shared.artifacts.store import open_store
from shared.contracts.chat.generation import GenerateText
from shared.decoding.parts import DecoderLimits
from shared.messaging.bus import Bus
from shared.messaging.consuming.stream_consumer import StreamConsumer
from shared.messaging.topology import Queues
from shared.settings import EngineAddress
from tests.decoder_bundle import decoder_bundle, publish
from tests.integration.generation.scripted_engine import Engine, scripted_engine
from tests.unit.decoding.tiny_decoder import tiny_decoder
from tests.unit.gateway.platform import ADMIN_KEY, Platform, running_platform

DECODER = "ft:tiny:writer::clients"
ENGINE = "scripted"


@dataclass(frozen=True)
class Served:
    """What clients meet.

    Attributes:
        platform: The gateway.
        engine: Behind the model ``ENGINE``.
    """

    platform: Platform
    engine: Engine

    def environment(self) -> dict[str, str]:
        """What a client needs to know: the base URL and a key, and nothing else."""
        return {"OPENAI_BASE_URL": f"{self.platform.url}/v1", "OPENAI_API_KEY": ADMIN_KEY}


@contextmanager
def served(home: Path) -> Iterator[Served]:
    """Start it."""
    made = tiny_decoder(home / "decoder")
    shape = made.shape.model_copy(update={"end": (2,)})  # what ends its answers: grammars need that
    made = type(made)(made.path, shape, made.model, made.tokens)
    bundle = decoder_bundle(made, home / "bundle", DECODER)
    with scripted_engine() as engine:
        engines = {ENGINE: {"url": engine.url}}
        with running_platform(home / "home", engines=engines) as platform:
            publish(bundle, platform.database, open_store(platform.settings.artifacts))
            with language_models(platform.bus, bundle, engine.url):
                yield Served(platform, engine)


@contextmanager
def language_models(bus: Bus, bundle: Bundle, engine: str) -> Iterator[None]:
    """The decoder and the engine on a bus, as generation has them."""
    far = RemoteEngine(ENGINE, EngineAddress(url=engine), limit=8)
    limits = DecoderLimits(slots=4)
    with (
        closing(
            LanguageModels(lambda _: Decoder.from_bundle(bundle, limits, SharedGraphs()), {ENGINE: far}, capacity=1)
        ) as models,
        bus.publisher() as publisher,
        StreamConsumer(bus, Queues.LANGUAGE_MODELS, {GenerateText: models.generate}, publisher=publisher),
    ):
        yield
