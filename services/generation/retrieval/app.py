"""The knowledge base put together."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from uuid import uuid4

from services.generation.retrieval.handlers import build_document_handlers, build_search_handlers
from services.generation.retrieval.index_cache import IndexCache
from services.generation.retrieval.indexer import Indexer, IndexingLimits
from services.generation.retrieval.inference import Inference
from services.generation.retrieval.searcher import Searcher
from services.generation.settings import GenerationSettings
from shared.artifacts.store import ArtifactStore
from shared.messaging.bus import Bus, Publisher
from shared.messaging.consuming.consumer import Consumer
from shared.messaging.requesting.requester import Requester
from shared.messaging.topology import Queues
from shared.storage.database.engine import Database

#: Searches taken from the queue at once.
_BATCH = 8


@dataclass(frozen=True, slots=True)
class KnowledgeBase:
    """What runs."""

    searcher: Searcher
    indexer: Indexer
    requester: Requester
    consumers: tuple[Consumer, ...]

    def problem(self) -> str | None:
        """Why it does not go on."""
        return next((found for consumer in self.consumers if (found := consumer.problem())), None)


@contextmanager
def running(
    settings: GenerationSettings, database: Database, store: ArtifactStore, bus: Bus, publisher: Publisher
) -> Iterator[KnowledgeBase]:
    """Read documents and answer searches while the context is open."""
    with ExitStack() as stack:
        requester = stack.enter_context(Requester(bus, f"generation.{uuid4().hex}"))
        inference = Inference(database, requester, settings.knowledge_timeout_seconds)
        indexes = stack.enter_context(closing(IndexCache(database, settings.knowledge_index_chunks)))
        searcher = Searcher(database, indexes, inference, time.time)
        limits = IndexingLimits(
            settings.knowledge_file_bytes, settings.knowledge_index_chunks, settings.knowledge_lease_seconds
        )
        indexer = stack.enter_context(Indexer(database, store, inference, limits, time.time))
        searches = Consumer(
            bus,
            Queues.KNOWLEDGE_SEARCH,
            build_search_handlers(searcher),
            publisher=publisher,
            batch_size=_BATCH,
        )
        queued = Consumer(bus, Queues.KNOWLEDGE, build_document_handlers(indexer.wake), publisher=publisher)
        consumers = (stack.enter_context(searches), stack.enter_context(queued))
        yield KnowledgeBase(searcher, indexer, requester, consumers)
