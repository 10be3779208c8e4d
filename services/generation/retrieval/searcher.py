"""Finding passages: by words and by vectors, one order out of both, the best of them judged by a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from services.generation.retrieval.filters import holds
from services.generation.retrieval.fusion import fused
from services.generation.retrieval.index_cache import IndexCache
from services.generation.retrieval.inference import FloatArray, Inference
from services.generation.retrieval.store_index import IndexedFile, StoreIndex
from shared.contracts.knowledge.passages import Passage, PassagesFound, Ranking, SearchPassages
from shared.errors import ParleyError
from shared.storage.database.engine import Database
from shared.storage.knowledge import indexing, vector_stores
from shared.telemetry import logs

#: Chunks of each order that are fused, and passages that a model judges.
_CANDIDATES, _JUDGED = 100, 30

_log = logs.get(__name__)

Vectors = dict[tuple[str, str], FloatArray]
"""By model and query."""


@dataclass(frozen=True, slots=True)
class _Hit:
    store_id: str
    file: IndexedFile = field(compare=False)
    number: int

    @property
    def position(self) -> int:
        return self.file.position(self.number)


@dataclass(frozen=True, slots=True)
class Searcher:
    """Searches vector stores.

    Attributes:
        database: Has the words of the chunks.
        indexes: Of the stores.
        inference: Gives vectors and judgements.
        clock: Unix seconds.
    """

    database: Database
    indexes: IndexCache
    inference: Inference
    clock: Callable[[], float]

    def search(self, request: SearchPassages) -> PassagesFound:
        """The best passages.

        Raises:
            NotFound: There is no such store.
            InvalidInput: It has expired.
            Unavailable: The models or the database are away.
        """
        now = self.clock()
        indexes = {store_id: self.indexes.index(store_id, now) for store_id in dict.fromkeys(request.vector_store_ids)}
        embedders = sorted({embedder for index in indexes.values() for embedder in index.embedders})
        vectors = self._vectors(embedders, request)
        ranker = self.inference.ranker() if request.ranking.reranker else None
        most = request.limit if ranker is None else max(request.limit, _JUDGED)
        passages = self._passages(indexes, _ranked(indexes, request, vectors)[:most], request, vectors)
        if ranker is not None:
            passages = self._judged(ranker, passages, request.queries)
        self._note_use(indexes, now)
        passages = [one for one in passages if one.score >= request.ranking.score_threshold]
        used = sorted({embedder for embedder, _ in vectors})
        return PassagesFound(
            passages=tuple(passages[: request.limit]), embedding_models=tuple(used), ranking_model=ranker
        )

    def _vectors(self, embedders: Sequence[str], request: SearchPassages) -> Vectors:
        """A model that is gone leaves its files to their words, until another has read them."""
        vectors: Vectors = {}
        if not request.ranking.embedding_weight:
            return vectors
        for embedder in embedders:
            try:
                found = self.inference.embed(embedder, request.queries)
            except ParleyError as error:
                if error.retryable:
                    raise
                _log.warning("a model of the knowledge base cannot be asked", model=embedder, reason=error.message)
                continue
            vectors |= {(embedder, query): vector for query, vector in zip(request.queries, found, strict=True)}
        return vectors

    def _passages(
        self,
        indexes: dict[str, StoreIndex],
        hits: Sequence[tuple[_Hit, float]],
        request: SearchPassages,
        vectors: Vectors,
    ) -> list[Passage]:
        wanted: dict[tuple[str, str], list[int]] = {}
        for hit, _ in hits:
            wanted.setdefault((hit.store_id, hit.file.file_id), []).append(hit.position)
        with self.database.reading() as session:
            chunks = {
                (store_id, file_id, chunk.position): chunk
                for (store_id, file_id), positions in wanted.items()
                for chunk in indexing.chunks(session, store_id, file_id, positions=positions)
            }
        covered = _coverage(indexes, [hit for hit, _ in hits], request.queries)
        passages = []
        for hit, score in hits:
            chunk = chunks.get((hit.store_id, hit.file.file_id, hit.position))
            if chunk is not None:  # else it was taken out this very moment
                similar = _similarity(indexes[hit.store_id], hit.number, request.queries, vectors)
                passages.append(
                    Passage(
                        file_id=chunk.file_id,
                        filename=hit.file.filename,
                        position=chunk.position,
                        text=chunk.text,
                        start=chunk.start,
                        score=min(score, 1.0),
                        attributes=hit.file.attributes,
                        similarity=similar,
                        coverage=covered[hit],
                    )
                )
        return passages

    def _judged(self, ranker: str, passages: list[Passage], queries: Sequence[str]) -> list[Passage]:
        texts = [passage.text for passage in passages]
        judged = [self.inference.judge(ranker, query, texts) for query in queries]
        best = [max(scores) for scores in zip(*judged, strict=True)]
        ranked = sorted(zip(best, passages, strict=True), key=lambda pair: -pair[0])
        return [passage.model_copy(update={"score": score}) for score, passage in ranked]

    def _note_use(self, indexes: dict[str, StoreIndex], now: float) -> None:
        with self.database.reading() as session:
            stale = [one for one in indexes if vector_stores.get(session, one).last_active_at < now - 60.0]
        if stale:
            with self.database.transaction() as session:
                for store_id in stale:
                    vector_stores.touch(session, store_id, now)


def _ranked(indexes: dict[str, StoreIndex], request: SearchPassages, vectors: Vectors) -> list[tuple[_Hit, float]]:
    """The chunks of all stores in one order, with their scores."""
    filters = request.filters
    allowed = None if filters is None else (lambda file: holds(filters, file.attributes))
    hits: list[tuple[_Hit, float]] = []
    for store_id, index in indexes.items():
        for number, score in fused(_orders(index, request.queries, request.ranking, vectors, allowed)):
            hits.append((_Hit(store_id, index.owner(number), number), score))
    return sorted(hits, key=lambda pair: -pair[1])


def _orders(
    index: StoreIndex,
    queries: Sequence[str],
    ranking: Ranking,
    vectors: Vectors,
    allowed: Callable[[IndexedFile], bool] | None,
) -> list[tuple[float, list[int]]]:
    """Each way of looking in one store, with its weight. Files of several models, during a change, are one order by their cosines."""
    orders: list[tuple[float, list[int]]] = []
    for query in queries:
        if ranking.text_weight:
            orders.append(
                (ranking.text_weight, [found.number for found in index.by_words(query, _CANDIDATES, allowed)])
            )
        near = [
            found
            for embedder in index.embedders
            if (vector := vectors.get((embedder, query))) is not None
            for found in index.by_vector(embedder, vector, _CANDIDATES, allowed)
        ]
        if near:
            near.sort(key=lambda found: -found.score)
            orders.append((ranking.embedding_weight, [found.number for found in near[:_CANDIDATES]]))
    return orders


def _similarity(index: StoreIndex, number: int, queries: Sequence[str], vectors: Vectors) -> float | None:
    found = [
        score
        for query in queries
        if (
            score := index.similarity(
                number, {embedder: vector for (embedder, one), vector in vectors.items() if one == query}
            )
        )
        is not None
    ]
    return max(found) if found else None


def _coverage(indexes: dict[str, StoreIndex], hits: Sequence[_Hit], queries: Sequence[str]) -> dict[_Hit, float]:
    """How much of the queries each hit has, by the one of which it has most."""
    covered: dict[_Hit, float] = {}
    for store_id, index in indexes.items():
        mine = [hit for hit in hits if hit.store_id == store_id]
        for query in queries:
            shares = index.coverage(query, [hit.number for hit in mine])
            covered |= {hit: max(share, covered.get(hit, 0.0)) for hit, share in zip(mine, shares, strict=True)}
    return covered
