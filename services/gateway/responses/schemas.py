"""``/v1/responses``: what the official client sends and reads, and our extra fields."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from services.gateway.chat.generated import TokenLogprobs
from services.gateway.chat.schemas import MAX_TEXT, SAMPLING, Ignored, Sampled, TurnDetails
from services.gateway.conversations.items import Item, Items
from services.gateway.http.bodies.schemas import Body, Metadata, Name, Reply, Resource
from services.gateway.moderations.policy import ModerationOptions, ResponseModeration
from shared.errors import InvalidInput
from shared.storage.tables.core import ResponseStatus

LOGPROBS = "message.output_text.logprobs"
MAX_INPUT = 1_000_000

#: What a bot makes nothing of; and what language models do not either.
NOBODYS = (
    "access_programs",
    "background_options",
    "context_management",
    "image",
    "max_tool_calls",
    "multi_agent",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "truncation",
)
MODELS = (*SAMPLING, "instructions", "max_output_tokens")


class ConversationName(BaseModel):
    """A conversation, named by its id."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Name


class TextFormat(BaseModel):
    """What an answer has to be."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    type: Literal["text", "json_object", "json_schema"] = "text"
    name: str | None = None
    description: str | None = None
    demanded: Annotated[dict[str, Any] | None, Field(alias="schema")] = None
    strict: bool | None = None

    @property
    def json_schema(self) -> dict[str, Any] | None:
        """The schema; ``{}`` for any object, ``None`` for any text."""
        return None if self.type == "text" else self.demanded or {}


class TextOptions(BaseModel):
    """How an answer is put."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: TextFormat = TextFormat()
    verbosity: str | None = None


class Prompt(Body):
    """What is to be answered, and after what: the part of a request that is read."""

    model: Name
    input: Annotated[str, Field(min_length=1, max_length=MAX_INPUT)] | Items
    instructions: Annotated[str, Field(max_length=MAX_INPUT)] | None = None
    """Before everything else; for language models."""
    conversation: Name | ConversationName | None = None
    """Continue this conversation, and add to it."""
    previous_response_id: Name | None = None
    """Continue after this response."""
    text: TextOptions | None = None
    tools: Annotated[list[dict[str, Any]], Field(max_length=128)] | None = None
    """Functions that a language model may ask for; without effect where a bot answers."""
    tool_choice: Any = None
    parallel_tool_calls: bool | None = None
    reasoning: Ignored = None
    truncation: Ignored = None

    @property
    def items(self) -> list[Item]:
        """The input as items."""
        return [Item(role="user", content=self.input)] if isinstance(self.input, str) else self.input

    @property
    def conversation_id(self) -> str | None:
        """The conversation that was named."""
        return self.conversation.id if isinstance(self.conversation, ConversationName) else self.conversation

    @model_validator(mode="after")
    def _continue_one_thing(self) -> Self:
        if self.conversation is not None and self.previous_response_id is not None:
            raise ValueError("'conversation' and 'previous_response_id' exclude each other; send one of them")
        return self

    @property
    def said(self) -> list[Item]:
        """The messages; where they end in calls of functions and their results, up to the customer's last words."""
        said = [item for item in self.items if item.type == "message"]
        while self.items[-1].type != "message" and said and said[-1].role != "user":
            said.pop()
        return said

    def question(self) -> str:
        """The words that a bot answers.

        Raises:
            InvalidInput: There are none, or too many.
        """
        said = self.said
        if not said or said[-1].role != "user":
            raise InvalidInput("The last message of 'input' must be of the role 'user'.", param="input")
        last = said[-1]
        if not last.text.strip() and not last.pictures and not last.sounds:
            raise InvalidInput("The last message is empty; there is nothing to answer.", param="input")
        if len(last.text) > MAX_TEXT:
            raise InvalidInput(f"The last message is longer than {MAX_TEXT} characters; shorten it.", param="input")
        return last.text


class CreateResponse(Prompt):
    """A response about to be made."""

    background: bool | None = None
    """Answer at once with its id, and write it when there is time."""
    store: bool | None = None
    """``false``: the response cannot be read again or continued. A turn of a bot stays in its conversation all the same."""
    stream: bool | None = None
    stream_options: Ignored = None
    metadata: Metadata | None = None
    user: Annotated[str, Field(max_length=512)] | None = None
    """Keeps the conversations of end users apart that share a key."""
    include: Annotated[list[str], Field(max_length=32)] | None = None
    max_output_tokens: Sampled = None
    temperature: Sampled = None
    top_p: Sampled = None
    top_logprobs: Sampled = None
    frequency_penalty: Sampled = None
    presence_penalty: Sampled = None
    repetition_penalty: Sampled = None
    min_p: Sampled = None
    top_k: Sampled = None
    seed: Sampled = None
    stop: Sampled = None

    access_programs: Ignored = None
    background_options: Ignored = None
    context_management: Ignored = None
    image: Ignored = None
    max_tool_calls: Ignored = None
    moderation: ModerationOptions | None = None
    """Judge the last message and the answer: tell what is wrong with them (`score`), or let them not through (`block`)."""
    multi_agent: Ignored = None
    prompt: Any = None
    prompt_cache_key: Ignored = None
    prompt_cache_options: Ignored = None
    prompt_cache_retention: Ignored = None
    safety_identifier: Ignored = None
    service_tier: Ignored = None

    @field_validator("prompt")
    @classmethod
    def _has_no_stored_prompts(cls, prompt: object) -> object:
        if prompt is not None:
            raise ValueError("there are no stored prompts here; send their words as 'instructions'")
        return prompt

    @model_validator(mode="after")
    def _keep_what_is_written_later(self) -> Self:
        if self.background and self.store is False:
            raise ValueError("'background' needs 'store': what is written later must be kept to be read")
        return self

    @property
    def wants_logprobs(self) -> bool:
        """Whether log-probabilities of the tokens are to be told."""
        return LOGPROBS in (self.include or ()) or bool(self.top_logprobs)

    def refuse_what_a_bot_cannot_keep(self) -> None:
        """Options that would change the shape of the answer are refused, not ignored.

        Raises:
            InvalidInput: There is one.
        """
        if self.text is not None and self.text.format.type != "text":
            raise InvalidInput("'text.format' must be of type 'text' for a bot.", param="text.format")
        if (self.tool_choice.get("type") if isinstance(self.tool_choice, dict) else self.tool_choice) not in (
            None,
            "none",
            "auto",
        ):
            raise InvalidInput(
                "'tool_choice' must be 'none' or 'auto' for a bot, which calls no tools; name a language model to have them called.",
                param="tool_choice",
            )


class CountTokens(Prompt):
    """What would be read."""

    model: Name = "parley"
    personality: Ignored = None


class InputTokens(Reply):
    """Tokens that a model would read."""

    object: Literal["response.input_tokens"] = "response.input_tokens"
    input_tokens: int


class OutputText(Reply):
    """Words of an answer."""

    type: Literal["output_text"] = "output_text"
    text: str
    annotations: list[dict[str, Any]] = Field(default_factory=list)
    logprobs: list[TokenLogprobs] = Field(default_factory=list)


class OutputMessage(Reply):
    """An answer."""

    id: str
    type: Literal["message"] = "message"
    role: Literal["assistant"] = "assistant"
    status: Literal["in_progress", "completed", "incomplete"] = "completed"
    content: list[OutputText]


class FunctionCall(Reply):
    """A function that is to be called by whoever asked."""

    id: str
    type: Literal["function_call"] = "function_call"
    status: Literal["in_progress", "completed", "incomplete"] = "completed"
    call_id: str
    name: str
    arguments: str


class CachedTokens(Reply):
    """Of the tokens read, those that had been read for another request."""

    cached_tokens: int = 0
    cache_write_tokens: int = 0


class ReasoningTokens(Reply):
    """Of the tokens written, those that were thoughts: none."""

    reasoning_tokens: int = 0


class ResponseUsage(Reply):
    """Tokens read and written; of a bot, pieces said."""

    input_tokens: int
    input_tokens_details: CachedTokens = CachedTokens()
    output_tokens: int
    output_tokens_details: ReasoningTokens = ReasoningTokens()
    total_tokens: int


class ResponseObject(Resource):
    """A response.

    Attributes:
        status: ``queued`` and ``in_progress`` in the background only.
        output: The answer; empty when a person has taken the conversation over.
        conversation: The conversation that it belongs to; a turn of a bot always has one.
        parley: Of a bot: what was understood, and why it was answered so.
        moderation: What was judged, told once to who asked for it.
    """

    object: Literal["response"] = "response"
    created_at: int
    completed_at: int | None
    status: ResponseStatus
    background: bool
    error: dict[str, Any] | None
    incomplete_details: dict[str, str] | None
    instructions: str | None
    max_output_tokens: int | None
    model: str
    output: list[OutputMessage | FunctionCall]
    parallel_tool_calls: bool
    previous_response_id: str | None
    conversation: ConversationName | None
    reasoning: dict[str, Any] | None
    store: bool
    temperature: float | None
    text: dict[str, Any]
    tool_choice: Any
    tools: list[dict[str, Any]]
    top_p: float | None
    truncation: Literal["disabled"] = "disabled"
    usage: ResponseUsage | None
    user: str | None
    metadata: dict[str, str]
    parley: TurnDetails | None
    moderation: ResponseModeration | None = None


class InputItem(Resource):
    """An item of the input, as it was read."""

    model_config = ConfigDict(frozen=True, extra="allow")

    type: str
