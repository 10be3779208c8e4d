"""Reads the files of vector stores: text, chunks, vectors. The row of a file is the truth about it, messages only wake."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from tempfile import TemporaryFile
from uuid import uuid4

from services.generation.documents.chunking import chunked
from services.generation.documents.document import Unreadable
from services.generation.documents.extraction import extract
from services.generation.retrieval.inference import Inference
from shared.artifacts.layout import file_key
from shared.artifacts.store import ArtifactStore
from shared.background import Background
from shared.errors import Conflict, NotFound, ParleyError, Unavailable, reason_of
from shared.storage.database.engine import Database
from shared.storage.knowledge import indexing, vector_stores
from shared.storage.knowledge.indexing import Claim
from shared.telemetry import logs

#: Seconds after which work is looked for even if nobody has told of any, and a model that is away is asked again.
LOOK_SECONDS = 5.0
#: Times that a file is begun before it counts as one that kills its workers.
MAX_ATTEMPTS = 4
#: Chunks whose vectors are written together; what a worker that dies loses at most.
SEGMENT = 128

_log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class IndexingLimits:
    """How much a file, and a store, may hold.

    Attributes:
        file_bytes: Of a file.
        store_chunks: Of all files of a store.
        lease: Seconds after which a file whose worker died is taken by another.
    """

    file_bytes: int
    store_chunks: int
    lease: float


class Indexer(Background):
    """Works through the files that wait, one after another, as long as the context is open.

    Args:
        database: Where the files are listed, and what is read of them is kept.
        store: Has their bytes.
        inference: Makes vectors.
        limits: What is refused.
        clock: Unix seconds.
    """

    def __init__(
        self,
        database: Database,
        store: ArtifactStore,
        inference: Inference,
        limits: IndexingLimits,
        clock: Callable[[], float],
    ) -> None:
        super().__init__("knowledge-indexer")
        self._database = database
        self._store = store
        self._inference = inference
        self._limits = limits
        self._clock = clock
        self._stopping = False
        self._awake = threading.Event()
        self._trouble: str | None = None

    def wake(self) -> None:
        """There is something to do. From any thread."""
        self._awake.set()

    def problem(self) -> str | None:
        """Why nothing is read, for readiness."""
        return self._trouble

    def _stop(self) -> None:
        self._stopping = True
        self._awake.set()

    def _run(self) -> None:
        while not self._stopping:
            self._awake.clear()
            try:
                self._work()
            except Exception as error:  # noqa: BLE001  # a thread that died would leave every file unread
                self._note(reason_of(error))
            else:
                self._note(None)
            self._awake.wait(LOOK_SECONDS)

    def _note(self, trouble: str | None) -> None:
        if trouble is not None and trouble != self._trouble:
            _log.error("documents cannot be read; trying again and again", reason=trouble)
        self._trouble = trouble

    def _work(self) -> None:
        with self._database.reading() as session:
            named = indexing.embedding_models(session)
        self._empty_expired()
        for model in named:
            while not self._stopping and (held := self._claim(model)) is not None:
                self._index(held)

    def _empty_expired(self) -> None:
        with self._database.transaction() as session:
            for store_id in vector_stores.empty_expired(session, self._clock()):
                _log.info("vector store expired", vector_store=store_id)

    def _claim(self, model: str | None) -> Claim | None:
        target = self._inference.embedder(model)
        with self._database.transaction() as session:
            return indexing.claim(
                session,
                model=model,
                target=target,
                token=uuid4().hex,
                now=self._clock(),
                seconds=self._limits.lease,
            )

    def _index(self, held: Claim) -> None:
        file_id, store_id = held.document.file_id, held.document.vector_store_id
        try:
            _refuse_deadly(held)
            if held.document.chunks is None:
                held = self._cut(held)
            self._embed(held)
            with self._database.transaction() as session:
                indexing.complete(session, held)
            _log.info("document indexed", file=file_id, vector_store=store_id, model=held.target)
        except Conflict:  # also of a file that was taken out, or cancelled
            _log.info("document was taken away while it was read", file=file_id, vector_store=store_id)
        except Unreadable as error:
            self._end(held, error)
        except ParleyError as error:
            self._postpone(held, error)
        except Exception as error:  # noqa: BLE001  # a file must not end the worker, whatever is in it
            _log.error("document not read", file=file_id, vector_store=store_id, reason=reason_of(error))
            self._end(held, Unreadable("The file could not be read; the log says why.", "server_error"))

    def _cut(self, held: Claim) -> Claim:
        document = held.document
        try:
            source = self._store.open(file_key(document.file_id))
        except NotFound as error:
            raise Unreadable("The file was deleted before it was read; upload it again.") from error
        with source, TemporaryFile() as copy:
            shutil.copyfileobj(source, copy)
            if copy.tell() > self._limits.file_bytes:
                raise Unreadable(
                    f"The file has {copy.tell():,} bytes; {self._limits.file_bytes:,} are allowed. Split it."
                )
            copy.seek(0)
            read = extract(document.filename, copy, lambda: self._renew(held))
        chunks = [(chunk.start, chunk.text) for chunk in chunked(read, document.chunking)]
        with self._database.transaction() as session:
            room = self._limits.store_chunks - indexing.chunks_in(session, document.vector_store_id)
            if len(chunks) > room:
                raise Unreadable(
                    f"The file has {len(chunks):,} chunks, and there is room for {max(room, 0):,} more in the vector store."
                )
            indexing.put_chunks(session, held, chunks, self._until())
            cut = vector_stores.file(session, document.vector_store_id, document.file_id)
            session.refresh(cut)
        return Claim(cut, held.token, held.target)

    def _embed(self, held: Claim) -> None:
        if held.target is None:
            return
        document = held.document
        with self._database.reading() as session:
            made = indexing.vectors_made(session, held)
            chunks = indexing.chunks(session, document.vector_store_id, document.file_id, first=made)
        for start in range(0, len(chunks), SEGMENT):
            if self._stopping:
                raise Unavailable("the process ends; another one goes on")
            part = chunks[start : start + SEGMENT]
            vectors = self._inference.embed(held.target, [chunk.text for chunk in part])
            with self._database.transaction() as session:
                indexing.put_vectors(
                    session, held, part[0].position, len(part), vectors.astype("<f2").tobytes(), self._until()
                )

    def _renew(self, held: Claim) -> None:
        with self._database.transaction() as session:
            indexing.renew(session, held, self._until())

    def _until(self) -> float:
        return self._clock() + self._limits.lease

    def _end(self, held: Claim, error: Unreadable) -> None:
        document = held.document
        _log.info("document cannot be read", file=document.file_id, code=error.code)
        with self._database.transaction() as session:
            if document.status == "completed":  # its old vectors go on serving
                indexing.postpone(session, held, self._clock() + 3600)
            else:
                indexing.fail(session, held, error.code, error.message)

    def _postpone(self, held: Claim, error: ParleyError) -> None:
        _log.warning("document waits", file=held.document.file_id, reason=error.message)
        with self._database.transaction() as session:
            indexing.postpone(session, held, self._clock() + LOOK_SECONDS)


def _refuse_deadly(held: Claim) -> None:
    if held.document.attempt > MAX_ATTEMPTS:
        raise Unreadable("Reading the file ended its process again and again; split it.", "server_error")
