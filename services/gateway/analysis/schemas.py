"""``/v1/analyze``: texts read outside a conversation, and counted on a stream if wished."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from services.gateway.http.bodies.schemas import Body, Name, Reply, Text
from shared.contracts.chat.understanding import EntitySpan, IntentScore, Sentiment
from shared.contracts.monitoring.sentiment import CHAT_STREAM
from shared.contracts.monitoring.streams import StreamName

MAX_TEXTS = 256
#: Messages before one text; the model reads the last two.
MAX_CONTEXT = 8

DocumentId = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Timestamp = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]


class AnalyzeRequest(Body):
    """Up to 256 texts. With ``stream`` they are counted there, each id once however often it is sent."""

    input: Text | Annotated[list[Text], Field(min_length=1, max_length=MAX_TEXTS)]
    model: Name | None = None
    """A model id; without it the model in production reads."""
    context: (
        Annotated[list[Annotated[list[Text], Field(max_length=MAX_CONTEXT)]], Field(max_length=MAX_TEXTS)] | None
    ) = None
    """The messages before each text, oldest first, one list for each; the last one is what the text answers. An empty list: none."""
    stream: StreamName | None = None
    ids: Annotated[list[DocumentId], Field(max_length=MAX_TEXTS)] | None = None
    """Your ids of the texts, one each: alerts name them, and a repeated id is not counted again."""
    timestamps: Annotated[list[Timestamp], Field(max_length=MAX_TEXTS)] | None = None
    """When each text was written, in Unix seconds; without it: now."""

    @property
    def texts(self) -> list[str]:
        """The texts, one or many."""
        return [self.input] if isinstance(self.input, str) else self.input

    @field_validator("stream")
    @classmethod
    def _is_ours_to_fill(cls, stream: str | None) -> str | None:
        if stream == CHAT_STREAM:
            raise ValueError(f"the stream '{CHAT_STREAM}' counts chat turns; choose another name")
        return stream

    @field_validator("context", "ids", "timestamps")
    @classmethod
    def _is_one_for_each_text(cls, values: list[Any] | None, info: ValidationInfo) -> list[Any] | None:
        texts = info.data.get("input")
        count = 1 if isinstance(texts, str) else len(texts or ())
        if values is not None and texts is not None and len(values) != count:
            raise ValueError(f"has {len(values)} values for {count} texts; give one for each")
        return values

    @field_validator("ids", "timestamps")
    @classmethod
    def _is_counted_somewhere(cls, values: list[Any] | None, info: ValidationInfo) -> list[Any] | None:
        if values is not None and info.data.get("stream", "") is None:
            raise ValueError("only has a meaning with 'stream'")
        return values


class Understood(Reply):
    """An understanding; what the model has no head for is ``null`` or empty.

    Attributes:
        intent: The likeliest intent, or ``out_of_scope``.
        ranking: The likeliest intents, best first; ``out_of_scope`` stands in its place.
        entities: Half-open spans of characters (code points) of the text.
        sentiment: Label, score from -1 to 1, confidence.
        language: ISO 639-1 code, ``und`` when it cannot be told.
        truncated: Whether the text was so long that its end was not read.
    """

    intent: IntentScore | None
    ranking: tuple[IntentScore, ...]
    entities: tuple[EntitySpan, ...]
    sentiment: Sentiment | None
    language: str
    truncated: bool = False


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
