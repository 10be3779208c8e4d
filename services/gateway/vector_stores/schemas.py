"""``/v1/vector_stores``."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from services.gateway.http.bodies.schemas import Body, Metadata, Name, Reply, Resource, Text
from shared.contracts.knowledge.passages import AUTO_OVERLAP, AUTO_TOKENS, Attribute, Chunking, Filters, Ranking, Weight

#: Files of one request.
MAX_BATCH = 2_000

Attributes = Annotated[
    dict[
        Annotated[str, StringConstraints(min_length=1, max_length=64)],
        Annotated[str, StringConstraints(max_length=512)] | bool | int | float,
    ],
    Field(max_length=16),
]
FileIds = Annotated[list[Name], Field(max_length=MAX_BATCH)]
Status = Literal["in_progress", "completed", "failed", "cancelled"]


class ExpiresAfter(Body):
    """When a store that nobody uses goes."""

    anchor: Literal["last_active_at"]
    days: Annotated[int, Field(ge=1, le=365)]


class Static(Body):
    """Sizes of chunks in tokens, as our own rule counts them (`docs/api.md`)."""

    max_chunk_size_tokens: Annotated[int, Field(ge=100, le=4096)] = AUTO_TOKENS
    chunk_overlap_tokens: Annotated[int, Field(ge=0)] = AUTO_OVERLAP


class ChunkingStrategy(Body):
    """How texts are cut."""

    type: Literal["auto", "static"] = "auto"
    static: Static | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.type == "static") != (self.static is not None):
            raise ValueError("'static' needs its sizes, and 'auto' takes none")
        _ = self.chunking  # refuses an overlap of more than half
        return self

    @property
    def chunking(self) -> Chunking:
        """As it is stored."""
        if self.static is None:
            return Chunking()
        return Chunking(max_tokens=self.static.max_chunk_size_tokens, overlap=self.static.chunk_overlap_tokens)


class CreateVectorStore(Body):
    """A new store. `embedding_model` is ours: the deployment (`parley/NAME`) or the model whose vectors it uses."""

    name: Annotated[str, StringConstraints(max_length=256)] | None = None
    description: Annotated[str, StringConstraints(max_length=2048)] | None = None
    file_ids: FileIds | None = None
    expires_after: ExpiresAfter | None = None
    chunking_strategy: ChunkingStrategy | None = None
    metadata: Metadata | None = None
    embedding_model: Name | None = None


class UpdateVectorStore(Body):
    """What to change; what is absent stays."""

    name: Annotated[str, StringConstraints(max_length=256)] | None = None
    expires_after: ExpiresAfter | None = None
    metadata: Metadata | None = None


class FileCounts(Reply):
    """How many files are in each state."""

    in_progress: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    total: int = 0


class VectorStoreObject(Resource):
    """A store.

    Attributes:
        status: `in_progress` while a file is being read, `expired` once its time is over.
        usage_bytes: Of words and vectors.
        embedding_model: What was named as the source of its vectors; null: the deployment `embedding`, else the model that reads chats.
    """

    object: Literal["vector_store"] = "vector_store"
    created_at: int
    name: str
    description: str | None
    status: Literal["in_progress", "completed", "expired"]
    usage_bytes: int
    file_counts: FileCounts
    last_active_at: int
    expires_after: ExpiresAfter | None
    expires_at: int | None
    metadata: dict[str, str]
    embedding_model: str | None


class AddFile(Body):
    """A file for a store."""

    file_id: Name
    attributes: Attributes | None = None
    chunking_strategy: ChunkingStrategy | None = None


class UpdateFile(Body):
    """What a file is marked with from now on."""

    attributes: Attributes | None


class AddBatch(Body):
    """Files for a store: `file_ids` that are treated alike, or `files`, each with its own attributes and strategy."""

    file_ids: Annotated[FileIds, Field(min_length=1)] | None = None
    files: Annotated[list[AddFile], Field(min_length=1, max_length=MAX_BATCH)] | None = None
    attributes: Attributes | None = None
    chunking_strategy: ChunkingStrategy | None = None

    @model_validator(mode="after")
    def _is_one_of_them(self) -> Self:
        if (self.file_ids is None) == (self.files is None):
            raise ValueError("give one of 'file_ids' and 'files'")
        return self

    @property
    def all_files(self) -> list[AddFile]:
        """Each with what is to be done with it; the last word on a file counts."""
        if self.files is not None:
            return list({file.file_id: file for file in self.files}.values())
        return [
            AddFile(file_id=file_id, attributes=self.attributes, chunking_strategy=self.chunking_strategy)
            for file_id in dict.fromkeys(self.file_ids or ())
        ]


class LastError(Reply):
    """Why a file cannot be found."""

    code: Literal["server_error", "unsupported_file", "invalid_file"]
    message: str


class StaticReply(Reply):
    """The sizes that were used."""

    max_chunk_size_tokens: int
    chunk_overlap_tokens: int


class ChunkingReply(Reply):
    """How a file was cut, `auto` resolved."""

    type: Literal["static"] = "static"
    static: StaticReply


class VectorStoreFileObject(Resource):
    """A file in a store.

    Attributes:
        last_error: What is wrong with it, and what helps.
        chunks: How many there are; null until it is cut.
        embedding_model: The id of the model whose vectors serve; null: it is found by its words alone.
    """

    object: Literal["vector_store.file"] = "vector_store.file"
    created_at: int
    vector_store_id: str
    status: Status
    last_error: LastError | None
    usage_bytes: int
    attributes: dict[str, Attribute]
    chunking_strategy: ChunkingReply
    filename: str
    chunks: int | None
    embedding_model: str | None


class FileBatchObject(Resource):
    """Files that were added together."""

    object: Literal["vector_store.files_batch"] = "vector_store.files_batch"
    created_at: int
    vector_store_id: str
    status: Status
    file_counts: FileCounts


class TextContent(Reply):
    """Words."""

    type: Literal["text"] = "text"
    text: str


class FileContent(Reply):
    """What was read of a file, chunk by chunk."""

    object: Literal["vector_store.file_content.page"] = "vector_store.file_content.page"
    data: list[TextContent]
    has_more: bool = False
    next_page: str | None = None


class HybridSearch(Body):
    """How much vectors and words count; their ratio matters."""

    embedding_weight: Weight = 0.5
    text_weight: Weight = 0.5

    @model_validator(mode="after")
    def _something_counts(self) -> Self:
        if self.embedding_weight + self.text_weight <= 0:
            raise ValueError("one of 'embedding_weight' and 'text_weight' must be more than 0")
        return self


class RankingOptions(Body):
    """How results are put in order.

    Attributes:
        ranker: `none`: no model judges the best results, whether or not one is in production as `ranking`.
    """

    ranker: Literal["none", "auto", "default-2024-11-15"] = "auto"
    score_threshold: Weight = 0.0
    hybrid_search: HybridSearch | None = None


class SearchRequest(Body):
    """A question, or several that are asked at once. `rewrite_query` is accepted and has no effect."""

    query: Text | Annotated[list[Text], Field(min_length=1, max_length=8)]
    filters: Filters | None = None
    max_num_results: Annotated[int, Field(ge=1, le=50)] = 10
    ranking_options: RankingOptions = RankingOptions()
    rewrite_query: bool = False

    @property
    def queries(self) -> tuple[str, ...]:
        """One or several."""
        return (self.query,) if isinstance(self.query, str) else tuple(dict.fromkeys(self.query))

    @property
    def ranking(self) -> Ranking:
        """As it travels."""
        options = self.ranking_options
        weights = options.hybrid_search or HybridSearch()
        return Ranking(
            reranker=options.ranker != "none",
            score_threshold=options.score_threshold,
            embedding_weight=weights.embedding_weight,
            text_weight=weights.text_weight,
        )


class SearchResult(Reply):
    """A chunk that was found.

    Attributes:
        score: 0..1: by its places in the orders of words and vectors (1: first in both), or by the model that judged it.
        parley: Which chunk of the file it is, where it begins in its text (characters), and the cosine of its vector to the query's.
    """

    file_id: str
    filename: str
    score: float
    attributes: dict[str, Attribute]
    content: list[TextContent]
    parley: dict[str, int | float | None]


class SearchResults(Reply):
    """What was found, best first.

    Attributes:
        search_query: The questions as they were asked: none is rewritten.
        embedding_models: By whose vectors; none: by words alone, since no model is in production.
        ranking_model: The model that judged them, if one did.
    """

    object: Literal["vector_store.search_results.page"] = "vector_store.search_results.page"
    search_query: list[str]
    data: list[SearchResult]
    has_more: bool = False
    next_page: str | None = None
    embedding_models: list[str]
    ranking_model: str | None
