"""Messages of the knowledge base."""

from __future__ import annotations

from collections.abc import Callable

from services.generation.retrieval.searcher import Searcher
from shared.contracts.knowledge.passages import DocumentsQueued, PassagesFound, SearchPassages
from shared.messaging.consuming.handlers import Handlers, one_by_one


def build_search_handlers(searcher: Searcher) -> Handlers:
    """What is done with questions."""

    def on_search(request: SearchPassages) -> PassagesFound:
        return searcher.search(request)

    return {SearchPassages: one_by_one(on_search)}


def build_document_handlers(wake: Callable[[], None]) -> Handlers:
    """What is done when files were added: the message is only a wake-up, and acknowledged at once."""

    def on_queued(_: DocumentsQueued) -> None:
        wake()

    return {DocumentsQueued: one_by_one(on_queued)}
