"""Documents of the knowledge base: how they are cut, what of them is looked for, and what is found."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from shared.contracts.message import REPLY, Exchange, Message, Route, Value

Attribute = str | bool | int | float
"""What a file can be marked with."""

FileState = Literal["in_progress", "completed", "failed", "cancelled"]
"""Of a file in a vector store."""

#: Tokens of a chunk, and those that it shares with the one before, unless the caller says otherwise. Encoders read some 256 tokens at
#: once: the vector of a longer chunk is a mean that is near to nothing.
AUTO_TOKENS, AUTO_OVERLAP = 200, 50

#: Conditions within conditions, and conditions in all.
MAX_DEPTH, MAX_CONDITIONS = 5, 100


class Chunking(Value):
    """How a text is cut.

    Attributes:
        max_tokens: That a chunk may have.
        overlap: Tokens that it may share with the one before.
    """

    max_tokens: Annotated[int, Field(ge=100, le=4096)] = AUTO_TOKENS
    overlap: Annotated[int, Field(ge=0)] = AUTO_OVERLAP

    @model_validator(mode="after")
    def _overlap_is_at_most_half(self) -> Chunking:
        if self.overlap > self.max_tokens // 2:
            raise ValueError(f"chunks of {self.max_tokens} tokens can share {self.max_tokens // 2} at most")
        return self


class Comparison(Value):
    """A condition on one attribute; an attribute that a file lacks equals nothing."""

    type: Literal["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin"]
    key: Annotated[str, Field(min_length=1, max_length=64)]
    value: Attribute | Annotated[tuple[str | int | float, ...], Field(max_length=100)]

    @model_validator(mode="after")
    def _value_fits(self) -> Comparison:
        if isinstance(self.value, tuple) != (self.type in ("in", "nin")):
            wanted = "a list" if self.type in ("in", "nin") else "one value"
            raise ValueError(f"'{self.type}' compares with {wanted}")
        return self


class Compound(Value):
    """Conditions that must all hold, or one of them."""

    type: Literal["and", "or"]
    filters: Annotated[tuple[Comparison | Compound, ...], Field(min_length=1, max_length=MAX_CONDITIONS)]

    @model_validator(mode="after")
    def _is_small(self) -> Compound:
        if self.depth > MAX_DEPTH or self.conditions > MAX_CONDITIONS:
            raise ValueError(f"conditions may be nested {MAX_DEPTH} deep, and be {MAX_CONDITIONS} in all")
        return self

    @property
    def depth(self) -> int:
        """Conditions within one another."""
        return 1 + max(inner.depth if isinstance(inner, Compound) else 1 for inner in self.filters)

    @property
    def conditions(self) -> int:
        """All conditions."""
        return sum(inner.conditions if isinstance(inner, Compound) else 1 for inner in self.filters)


Filters = Comparison | Compound

Weight = Annotated[float, Field(ge=0, le=1)]


class Ranking(Value):
    """How passages are put in order.

    Attributes:
        reranker: Whether the model of the deployment ``ranking``, if there is one, judges the best of them.
        score_threshold: What scores less is left out (0..1).
        embedding_weight: How much the place counts that a passage has by its vector.
        text_weight: How much the place counts that it has by its words.
    """

    reranker: bool = True
    score_threshold: Weight = 0.0
    embedding_weight: Weight = 0.5
    text_weight: Weight = 0.5

    @model_validator(mode="after")
    def _something_counts(self) -> Ranking:
        if self.embedding_weight + self.text_weight <= 0:
            raise ValueError("one of embedding_weight and text_weight must be more than 0")
        return self


class DocumentsQueued(Message):
    """Files of a vector store wait to be read. Only a wake-up: their rows are the truth, and workers also look there now and then."""

    TYPE: ClassVar[str] = "documents.queued"
    ROUTE: ClassVar[Route] = Route(Exchange.RPC, "knowledge", durable=True)

    vector_store_id: str


class SearchPassages(Message):
    """Look for passages, e.g. by ``POST /v1/vector_stores/{id}/search``."""

    TYPE: ClassVar[str] = "passages.search"
    ROUTE: ClassVar[Route] = Route(Exchange.RPC, "knowledge.search")

    vector_store_ids: tuple[str, ...]
    queries: Annotated[tuple[str, ...], Field(min_length=1)]
    limit: Annotated[int, Field(ge=1, le=50)] = 10
    filters: Filters | None = None
    ranking: Ranking = Ranking()


class Passage(Value):
    """A chunk of a file.

    Attributes:
        file_id: The file.
        filename: Its name.
        position: Of the chunk in the file, from 0.
        text: The words.
        start: Where they begin in the text of the file, in characters.
        score: How well it fits (0..1): by places in the two orders, or by the model that judged it.
        attributes: What the file was marked with.
        similarity: Cosine of its vector to that of the query, if it has one.
        coverage: Share of the query's words that stand in it, the rare ones weighing more (0..1).
    """

    file_id: str
    filename: str
    position: int
    text: str
    start: int
    score: float
    attributes: dict[str, Attribute] = Field(default_factory=dict)
    similarity: float | None = None
    coverage: float = 0.0


class PassagesFound(Message):
    """The passages, best first.

    Attributes:
        passages: At most as many as were asked for.
        embedding_models: By which vectors they were looked for; none: by their words alone, since no model was in production.
        ranking_model: The model that put the best of them in order, if one did.
    """

    TYPE: ClassVar[str] = "passages.found"
    ROUTE: ClassVar[Route] = REPLY

    passages: tuple[Passage, ...]
    embedding_models: tuple[str, ...] = ()
    ranking_model: str | None = None
