"""The indexes in use, kept in step with the database."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

import numpy as np

from services.generation.retrieval.store_index import FloatArray, StoreIndex
from shared.storage.database.engine import Database, Session
from shared.storage.knowledge import indexing, vector_stores
from shared.storage.tables.vector_stores import StoredDocument, VectorStore


class IndexCache:
    """Indexes by store, the least recently searched leaving first.

    Args:
        database: Where stores are.
        capacity: Chunks of all indexes together; the one asked for last stays, whatever its size.
    """

    def __init__(self, database: Database, capacity: int) -> None:
        self._database = database
        self._capacity = capacity
        self._lock = Lock()
        self._indexes: OrderedDict[str, tuple[Lock, StoreIndex]] = OrderedDict()

    def index(self, store_id: str, now: float) -> StoreIndex:
        """The index of a store as it is now. The first call reads all of it.

        Raises:
            NotFound: There is no such store.
            InvalidInput: It has expired.
        """
        with self._lock:
            lock, index = self._indexes.setdefault(store_id, (Lock(), StoreIndex()))
            self._indexes.move_to_end(store_id)
        try:
            with lock, self._database.reading() as session:
                store = vector_stores.get(session, store_id)
                vector_stores.refuse_expired(store, now)
                if store.revision != index.revision:
                    _bring_in_step(session, store, index)
        except Exception:
            with self._lock:
                self._indexes.pop(store_id, None)
            raise
        self._make_room()
        return index

    def close(self) -> None:
        """Free all of them."""
        with self._lock:
            indexes, self._indexes = self._indexes, OrderedDict()
        for _, index in indexes.values():
            index.close()

    def _make_room(self) -> None:
        """Whoever still searches an index that leaves has it; it is freed with the last of them."""
        with self._lock:
            while len(self._indexes) > 1 and sum(index.size for _, index in self._indexes.values()) > self._capacity:
                self._indexes.popitem(last=False)


def _bring_in_step(session: Session, store: VectorStore, index: StoreIndex) -> None:
    present = {file.file_id: file for file in index.files}
    served = indexing.served(session, store.id)
    for file_id in present.keys() - {document.file_id for document in served}:
        index.remove(file_id)
    for document in served:
        known = present.get(document.file_id)
        # The chunks of a file are made once, unless it is cut anew; and then it is not served for a while.
        same = known is not None and known.count == document.chunks and known.embedder == document.embedder
        if known is not None and same and known.attributes == document.attributes:
            continue
        texts = [chunk.text for chunk in indexing.chunks(session, store.id, document.file_id)]
        vectors = _vectors(session, document, len(texts))
        index.put(document.file_id, document.filename, document.attributes, document.embedder, texts, vectors)
    index.revision = store.revision


def _vectors(session: Session, document: StoredDocument, count: int) -> FloatArray | None:
    if document.embedder is None or not count:
        return None
    rows = indexing.vectors(session, document)
    if sum(row.count for row in rows) != count:
        return None  # by its words alone, until they are made again
    halves = [np.frombuffer(row.vectors, "<f2").reshape(row.count, -1) for row in rows]
    joined: FloatArray = np.concatenate(halves).astype(np.float32)
    return joined
