"""``/v1/analyze``: texts read outside a conversation, and counted on a stream if wished."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from services.gateway.schemas.base import Body, Name, Reply, Text
from services.gateway.schemas.understanding import Understood
from shared.contracts.sentiment import CHAT_STREAM

MAX_TEXTS = 256
#: Messages before one text; the model reads the last two.
MAX_CONTEXT = 8

StreamName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
DocumentId = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class AnalyzeRequest(Body):
    """Up to 256 texts. With ``stream`` they are counted there, each id once however often it is sent."""

    input: Text | Annotated[list[Text], Field(min_length=1, max_length=MAX_TEXTS)]
    model: Name | None = None
    """A model id; without it the model in production reads."""
    context: list[Annotated[list[Text], Field(max_length=MAX_CONTEXT)]] | None = None
    """The messages before each text, oldest first, one list for each; the last one is what the text answers. An empty list: none."""
    stream: StreamName | None = None
    ids: list[DocumentId] | None = None
    """Your ids of the texts, one each: alerts name them, and a repeated id is not counted again."""
    timestamps: list[Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]] | None = None
    """When each text was written, in Unix seconds; without it: now."""

    @property
    def texts(self) -> list[str]:
        """The texts, one or many."""
        return [self.input] if isinstance(self.input, str) else self.input

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        for name, values in (("ids", self.ids), ("timestamps", self.timestamps), ("context", self.context)):
            if values is None:
                continue
            if self.stream is None and name != "context":
                raise ValueError(f"'{name}' only has a meaning with 'stream'")
            if len(values) != len(self.texts):
                raise ValueError(f"'{name}' has {len(values)} values for {len(self.texts)} texts; give one for each")
        if self.stream == CHAT_STREAM:
            raise ValueError(f"the stream '{CHAT_STREAM}' counts chat turns; choose another name")
        return self


class ReadText(Understood):
    """One text, in the order asked."""

    object: Literal["analysis"] = "analysis"
    index: int
    model: str
    id: str | None
    """The id it is counted under, when a stream was named."""


class TokenUsage(Reply):
    """Tokens that the model read, special ones included."""

    prompt_tokens: int
    total_tokens: int


class Analysis(Reply):
    """What was read."""

    object: Literal["list"] = "list"
    model: str
    data: list[ReadText]
    stream: str | None
    usage: TokenUsage
