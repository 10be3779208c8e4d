"""``/v1/chat/completions``: what the official client sends and reads, and our extra fields."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from services.gateway.analysis.schemas import Understood
from services.gateway.attachments.parts import ImageUrl, InputAudio, Picture, Sound, picture_of, sound_of
from services.gateway.chat.tools import MAX_TOOLS
from services.gateway.http.bodies.schemas import Body, Metadata, Name, Reply
from services.gateway.moderations.policy import ChatModeration, ModerationOptions
from shared.contracts.chat.turns import AnswerKind, Citation, GuardHit, HandoverReason, OfferedCard, Source
from shared.contracts.media import Attachment
from shared.errors import InvalidInput

MAX_MESSAGES = 2048
MAX_TEXT = 10_000

#: What nobody makes anything of; and what a bot does not either.
NOBODYS = (
    "audio",
    "function_call",
    "functions",
    "logit_bias",
    "prediction",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning_effort",
    "safety_identifier",
    "service_tier",
    "verbosity",
    "web_search_options",
)
#: How a language model writes, in either convention; a bot does not.
SAMPLING = (
    "frequency_penalty",
    "min_p",
    "parallel_tool_calls",
    "presence_penalty",
    "repetition_penalty",
    "seed",
    "stop",
    "temperature",
    "tool_choice",
    "tools",
    "top_k",
    "top_logprobs",
    "top_p",
)
MODELS = (*SAMPLING, "max_completion_tokens", "max_tokens")

Ignored = Annotated[Any, Field(description="Accepted for compatibility, and without effect.")]
Sampled = Annotated[Any, Field(description="For language models; without effect where a bot answers.")]


class ContentPart(BaseModel):
    """A piece of a message: words, a picture as a data: URL, or a sound."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: Literal["text", "image_url", "input_audio"]
    text: str = ""
    image_url: ImageUrl | None = None
    input_audio: InputAudio | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.type == "text" and "text" not in self.model_fields_set:
            raise ValueError("a part of type 'text' needs 'text'")
        if self.type == "image_url" and self.image_url is None:
            raise ValueError("a part of type 'image_url' needs 'image_url'")
        if self.type == "input_audio" and self.input_audio is None:
            raise ValueError("a part of type 'input_audio' needs 'input_audio'")
        return self


class CalledFunction(BaseModel):
    """A function that an assistant asked for, with its arguments as JSON."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: Name
    arguments: str = "{}"


class MessageToolCall(BaseModel):
    """A call that an assistant asked for."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Name
    type: Literal["function"] = "function"
    function: CalledFunction


class ChatMessage(BaseModel):
    """A message of the history. Fields of the convention that have no meaning here are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | Annotated[list[ContentPart], Field(fail_fast=True)] | None = None
    """One part at fault is told: of parts that are no parts, a body has room for hundreds of thousands."""
    tool_calls: Annotated[list[MessageToolCall], Field(fail_fast=True, max_length=MAX_TOOLS)] | None = None
    """What an assistant asked for. A bot reads what customers say, and not this."""
    tool_call_id: Name | None = None
    """The call whose result a message of the role `tool` is."""
    function_call: CalledFunction | None = None
    """As tools were called before they were called tools."""
    name: Name | None = None

    @property
    def text(self) -> str:
        """The words, whichever way they were sent."""
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content if part.type == "text")
        return self.content or ""

    @property
    def is_of_tools(self) -> bool:
        """Whether it is between the assistant and its tools, which no customer has read."""
        return self.role in ("tool", "function") or bool(self.tool_calls or self.function_call)

    @property
    def pictures(self) -> list[Picture]:
        """The pictures that came along."""
        parts = self.content if isinstance(self.content, list) else []
        return [picture for part in parts if (picture := picture_of(part)) is not None]

    @property
    def sounds(self) -> list[Sound]:
        """What was spoken."""
        parts = self.content if isinstance(self.content, list) else []
        return [sound for part in parts if (sound := sound_of(part)) is not None]

    @property
    def transcript(self) -> str:
        """The words, and what tells its pictures and sounds from others: by it a conversation is found again."""
        digests = [*(one.digest for one in self.pictures), *(one.digest for one in self.sounds)]
        return "\n".join((self.text, *digests))


class StreamOptions(BaseModel):
    """How to stream."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    include_usage: bool = False


class ChatRequest(Body):
    """A chat turn: the last message is answered, the ones before it tell which conversation it belongs to.

    If the model is a language model it goes on with the messages as they are, and nothing is stored.
    """

    model: Name
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=MAX_MESSAGES)]
    conversation_id: Name | None = None
    """Continue this conversation, whatever the messages before the last one say."""
    stream: bool = False
    stream_options: StreamOptions | None = None
    user: Annotated[str, Field(max_length=512)] | None = None
    """Keeps the conversations of end users apart that share a key."""
    metadata: Metadata | None = None
    """Kept with the conversation when this turn begins one."""
    n: int | None = None
    logprobs: bool | None = None
    response_format: Any = None
    top_k: Sampled = None
    min_p: Sampled = None
    repetition_penalty: Sampled = None
    tool_choice: Any = None
    function_call: Any = None
    modalities: Annotated[list[str], Field(max_length=16)] | None = None

    audio: Ignored = None
    frequency_penalty: Sampled = None
    functions: Ignored = None
    logit_bias: Ignored = None
    max_completion_tokens: Sampled = None
    max_tokens: Sampled = None
    moderation: ModerationOptions | None = None
    """Judge the last message and the answer: tell what is wrong with them (`score`), or let them not through (`block`)."""
    parallel_tool_calls: Sampled = None
    prediction: Ignored = None
    presence_penalty: Sampled = None
    prompt_cache_key: Ignored = None
    prompt_cache_options: Ignored = None
    prompt_cache_retention: Ignored = None
    reasoning_effort: Ignored = None
    safety_identifier: Ignored = None
    seed: Sampled = None
    service_tier: Ignored = None
    stop: Sampled = None
    store: bool | None = None
    """Keep the answer, with the question, until it is deleted."""
    temperature: Sampled = None
    tools: Any = None
    """Functions that a language model may ask for; without effect where a bot answers."""
    top_logprobs: Sampled = None
    top_p: Sampled = None
    verbosity: Ignored = None
    web_search_options: Ignored = None

    @field_validator("messages")
    @classmethod
    def _end_with_a_question(cls, messages: list[ChatMessage]) -> list[ChatMessage]:
        last = messages[-1]
        if last.role not in ("user", "tool", "function"):
            raise ValueError(f"the last message must have the role 'user' or 'tool', not '{last.role}'")
        if last.role == "user" and not last.text.strip() and not last.pictures and not last.sounds:
            raise ValueError("the last message is empty; there is nothing to answer")
        return messages

    @property
    def said(self) -> list[ChatMessage]:
        """What customer and assistant said to each other, up to the customer's last words: what a bot reads."""
        heard = [message for message in self.messages if not message.is_of_tools]
        while heard and heard[-1].role != "user":
            heard.pop()
        return heard

    def refuse_what_a_bot_cannot_keep(self) -> None:
        """Options that would change the shape of the answer are refused, not ignored.

        Raises:
            InvalidInput: There is one.
        """
        if not self.said:
            raise InvalidInput("A bot answers a customer: 'messages' needs one of the role 'user'.", param="messages")
        if len(self.said[-1].text) > MAX_TEXT:
            raise InvalidInput(
                f"Invalid 'messages': the last message is longer than {MAX_TEXT} characters; shorten it.",
                param="messages",
            )
        if self.n not in (None, 1):
            raise InvalidInput("'n' must be 1: a turn of a bot has one answer.", param="n")
        if self.logprobs:
            raise InvalidInput("'logprobs' is not supported: answers of a bot are composed.", param="logprobs")
        if _kind(self.response_format, "type") not in (None, "text"):
            raise InvalidInput("'response_format' must be of type 'text' for a bot.", param="response_format")
        if _kind(self.tool_choice, "type") not in (None, "none", "auto"):
            raise InvalidInput(
                "'tool_choice' must be 'none' or 'auto' for a bot, which calls no tools; name a language model to have them called.",
                param="tool_choice",
            )

    @model_validator(mode="after")
    def _refuse_what_nobody_can_keep(self) -> Self:
        """Calls of the old kind and sounds are refused, not ignored."""
        if _kind(self.function_call, "name") not in (None, "none", "auto"):
            raise ValueError("'function_call' must be 'none' or 'auto'; send 'tools' and 'tool_choice' in its place")
        if set(self.modalities or ()) - {"text"}:
            raise ValueError("'modalities' must be ['text']")
        return self


def _kind(option: object, key: str) -> object:
    return option.get(key) if isinstance(option, dict) else option


class Usage(Reply):
    """What was read and said.

    Attributes:
        prompt_tokens: Tokens that the model read; the last message, since the dialogue state stands for the others.
        completion_tokens: Pieces of the answer, as streamed.
        total_tokens: Their sum.
    """

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class FileCitation(Reply):
    """A document that the answer rests on, and where in the answer its number stands (characters)."""

    type: Literal["file_citation"] = "file_citation"
    file_id: str
    filename: str
    index: int


class AssistantMessage(Reply):
    """The answer; empty when a person has taken the conversation over."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    annotations: list[FileCitation] = Field(default_factory=list)


class Choice(Reply):
    """The one choice."""

    index: Literal[0] = 0
    message: AssistantMessage
    logprobs: None = None
    finish_reason: Literal["stop"] = "stop"


class TurnDetails(Understood):
    """What the convention has no field for.

    Attributes:
        sources: The passages that an answer out of documents rests on.
        reasons: What was tried once nothing of the bot file had an answer, step by step, and what came of it; which guard blocked it.
        guards: What the guards saw in the message and in what a model wrote.
        items: Those of a catalog that are offered, as they are numbered in the answer, or the one that was chosen.
        attachments: What was read in pictures that came along.
    """

    conversation_id: str
    turn_id: str
    answer_kind: AnswerKind
    citations: tuple[Citation, ...]
    suggestions: tuple[str, ...]
    handover: HandoverReason | None
    sources: tuple[Source, ...] = ()
    reasons: tuple[str, ...] = ()
    guards: tuple[GuardHit, ...] = ()
    items: tuple[OfferedCard, ...] = ()
    attachments: tuple[Attachment, ...] = ()


class ChatCompletion(Reply):
    """An answered turn."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: Usage
    parley: TurnDetails
    moderation: ChatModeration | None = None


class Delta(Reply):
    """A piece of the answer."""

    role: Literal["assistant"] | None = None
    content: str | None = None


class ChunkChoice(Reply):
    """The one choice, in pieces."""

    index: Literal[0] = 0
    delta: Delta
    logprobs: None = None
    finish_reason: Literal["stop"] | None = None


class ChatCompletionChunk(Reply):
    """A streamed piece. The last one with a choice carries ``parley``; usage follows alone, if it was asked for."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: Usage | None = None
    parley: TurnDetails | None = None
    moderation: ChatModeration | None = None
