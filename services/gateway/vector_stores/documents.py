"""Putting files into stores, and asking what stands in them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from services.gateway.vector_stores.schemas import AddFile, ChunkingStrategy
from shared.contracts.knowledge.passages import DocumentsQueued, PassagesFound, SearchPassages
from shared.errors import InvalidInput, NotFound, TooManyRequests, Unavailable
from shared.messaging.bus import Publisher
from shared.messaging.envelope import envelope
from shared.messaging.requesting.requester import Requester
from shared.storage.database.engine import Session
from shared.storage.knowledge import vector_stores
from shared.storage.tables.vector_stores import StoredDocument, VectorStore
from shared.storage.training import files
from shared.telemetry import logs
from shared.telemetry.correlation import correlation_id

#: Files of one store.
MAX_FILES = 10_000

log = logs.get(__name__)


class PassageSearch:
    """Asks generation what stands in vector stores, and tells it of new files.

    Args:
        requester: The way there.
        publisher: Tells of new files.
        timeout: Seconds that an answer may take.
    """

    def __init__(self, requester: Requester, publisher: Publisher, timeout: float) -> None:
        self._requester = requester
        self._publisher = publisher
        self._timeout = timeout

    async def ask(self, question: SearchPassages) -> PassagesFound:
        """What stands in some stores.

        Raises:
            NotFound: There is no such store.
            InvalidInput: It has expired.
            DeadlineExceeded: Nobody answered in time.
            TooManyRequests: Too many wait already.
        """
        future = self._requester.submit(question, timeout=self._timeout, correlation_id=correlation_id())
        answer = await asyncio.wrap_future(future)
        if not isinstance(answer, PassagesFound):
            raise Unavailable(f"generation answered with {type(answer).__name__}; all services must be of one version")
        return answer

    def wake(self, store_id: str) -> None:
        """Tell of new files, after the commit. A broker that is away delays their reading by seconds."""
        try:
            self._publisher.publish([envelope(DocumentsQueued(vector_store_id=store_id))])
        except (Unavailable, TooManyRequests) as error:
            log.warning("new documents not told; they will be seen in the database", reason=error.message)


def put_files(
    session: Session, store: VectorStore, wanted: Sequence[AddFile], now: float, batch_id: str | None = None
) -> list[StoredDocument]:
    """Put files into a store.

    Raises:
        NotFound: There is no such file.
        InvalidInput: The store has expired, or gets too many.
    """
    vector_stores.refuse_expired(store, now)
    if vector_stores.files_of(session, store.id) + len(wanted) > MAX_FILES:
        raise InvalidInput(f"A vector store may have {MAX_FILES} files; make another one.", param="file_ids")
    put = []
    for one in wanted:
        try:
            file = files.get(session, one.file_id)
        except NotFound as error:
            raise NotFound(f"No file {one.file_id!r}; upload it with POST /v1/files.", param="file_id") from error
        document = StoredDocument(
            vector_store_id=store.id,
            file_id=file.id,
            created_at=now,
            filename=file.filename,
            attributes=dict(one.attributes or {}),
            chunking=(one.chunking_strategy or ChunkingStrategy()).chunking,
            batch_id=batch_id,
        )
        put.append(vector_stores.put_file(session, document))
    vector_stores.touch(session, store.id, now)
    return put
