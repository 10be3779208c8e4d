"""The options of a chat request that say how a language model writes."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.gateway.http.bodies.validation import describe
from shared.contracts.chat.generation import Sampling

Stop = Annotated[str, Field(min_length=1, max_length=256)]


class JsonSchema(BaseModel):
    """A schema as the convention wraps it."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    content: Annotated[dict[str, Any], Field(alias="schema")] = Field(default_factory=dict)


class ResponseFormat(BaseModel):
    """What an answer has to be."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: Literal["text", "json_object", "json_schema"] = "text"
    json_schema: JsonSchema | None = None

    @property
    def demanded(self) -> dict[str, Any] | None:
        """The schema; ``{}`` for any object, ``None`` for any text."""
        if self.type == "json_schema" and self.json_schema is not None:
            return self.json_schema.content
        return None if self.type == "text" else {}


class SamplingOptions(BaseModel):
    """The fields of a request that language models know; absent and ``null`` are the same."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Annotated[int, Field(ge=1, le=1000)] | None = None
    min_p: Annotated[float, Field(ge=0, lt=1)] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    repetition_penalty: Annotated[float, Field(gt=0, le=10)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    stop: Stop | Annotated[list[Stop], Field(max_length=4)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    response_format: ResponseFormat | None = None
    n: Annotated[int, Field(ge=1, le=16)] | None = None

    @classmethod
    def of(cls, body: BaseModel) -> Self:
        """Those of a request.

        Raises:
            InvalidInput: One is of another type, or out of range.
        """
        given = body.model_dump(include=set(cls.model_fields))
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            problems = [{**problem, "loc": ("body", *problem["loc"])} for problem in error.errors()]
            raise describe(problems, given) from None

    def sampling(self) -> Sampling:
        """As it travels."""
        plain = (
            "temperature",
            "top_p",
            "top_k",
            "min_p",
            "frequency_penalty",
            "presence_penalty",
            "repetition_penalty",
            "seed",
        )
        chosen = {name: value for name in plain if (value := getattr(self, name)) is not None}
        stop = (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())
        return Sampling(
            **chosen,
            stop=stop,
            max_tokens=self.max_completion_tokens or self.max_tokens,
            top_logprobs=(self.top_logprobs or 0) if self.logprobs else None,
            json_schema=self.response_format.demanded if self.response_format else None,
        )
