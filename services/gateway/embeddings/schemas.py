"""``/v1/embeddings``: base64 by default on the official client's side, lists of floats for everybody else."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from services.gateway.analysis.schemas import TokenUsage
from services.gateway.http.bodies.schemas import Body, Name, Reply, Text

MAX_TEXTS = 2048


class EmbeddingsRequest(Body):
    """Texts to be embedded by the encoder of a model."""

    input: Text | Annotated[list[Text], Field(min_length=1, max_length=MAX_TEXTS)]
    model: Name
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Annotated[int, Field(ge=1)] | None = None
    """The size that the model has, or one to which its embeddings were trained to be cut."""
    user: str | None = None

    @field_validator("input", mode="before")
    @classmethod
    def _refuse_tokens(cls, value: object) -> object:
        if isinstance(value, list) and any(isinstance(item, int | list) for item in value):
            raise ValueError(
                "token arrays are not supported, since tokens of another tokenizer mean nothing here; send texts "
                "(LangChain: check_embedding_ctx_length=False)"
            )
        return value

    @property
    def texts(self) -> list[str]:
        """The texts, one or many."""
        return [self.input] if isinstance(self.input, str) else self.input


class Embedding(Reply):
    """One text's embedding, of length 1."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str
    """Floats, or little-endian float32 in base64."""


class Embeddings(Reply):
    """The embeddings in the order asked."""

    object: Literal["list"] = "list"
    model: str
    data: list[Embedding]
    usage: TokenUsage
