"""How a language model is asked to go on with a text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from shared.contracts.message import REPLY, Exchange, Message, Route, Value


class Sampling(Value):
    """How each next token is chosen, and when a text ends.

    Attributes:
        temperature: Logits are divided by it; 0: always the likeliest token.
        top_p: Only the likeliest tokens that together have this probability (Holtzman et al. 2020, arXiv:1904.09751).
        top_k: Only so many of the likeliest tokens.
        min_p: Only tokens with at least this share of the likeliest one's probability (Nguyen et al. 2024, arXiv:2407.01082).
        frequency_penalty: Taken from a token's logit for each time that the answer has it already.
        presence_penalty: Taken once, if the answer has the token at all.
        repetition_penalty: Logits of tokens in prompt or answer are weakened by this factor (Keskar et al. 2019, arXiv:1909.05858).
        seed: Same seed, same text, whatever else runs; without one every answer differs.
        stop: Texts that end the answer and are not part of it.
        max_tokens: Tokens that the answer has at most; without it, what the model's context leaves.
        top_logprobs: Likeliest tokens told at each place with their log-probability; ``None``: no log-probabilities at all.
        json_schema: What the answer has to be, as JSON schema; ``{}``: any JSON object.
    """

    temperature: Annotated[float, Field(ge=0, le=2)] = 1.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    top_k: Annotated[int, Field(ge=1, le=1000)] | None = None
    min_p: Annotated[float, Field(ge=0, lt=1)] = 0.0
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] = 0.0
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] = 0.0
    repetition_penalty: Annotated[float, Field(gt=0, le=10)] = 1.0
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    stop: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=256)], ...], Field(max_length=4)] = ()
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    json_schema: dict[str, Any] | None = None


class ToolCall(Value):
    """A function that a model asked for.

    Attributes:
        id: What its result is named by.
        name: Of the function.
        arguments: A JSON object as the model wrote it, which may be broken off.
    """

    id: str
    name: str
    arguments: str


class ChatMessage(Value):
    """One message of the conversation that a model goes on with.

    Attributes:
        tool_calls: Functions that the assistant asked for in it.
        tool_call_id: The call whose result a message of the role ``tool`` is.
    """

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


class FunctionTool(Value):
    """A function that a model may ask for; whoever asked the model calls it.

    Attributes:
        name: Of the function.
        description: When it is of use.
        parameters: What its arguments have to be, as JSON schema of an object; ``None``: it takes none.
        strict: For engines, which may hold the arguments to the schema only then. Models of ours always do.
    """

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class Tools(Value):
    """The functions that a model may ask for.

    Attributes:
        functions: At least one.
        choice: Whether it may, must, or must not ask for one.
        named: The one that it must ask for.
        parallel: Whether it may ask for several at once.
    """

    functions: Annotated[tuple[FunctionTool, ...], Field(min_length=1)]
    choice: Literal["auto", "required", "none"] = "auto"
    named: str | None = None
    parallel: bool = True


class GenerateText(Message):
    """Go on with a conversation or a text; answered by any number of ``TokensProduced``, then ``TextGenerated``.

    Attributes:
        model: Id of a model, or the name of an engine, behind which ``/`` and the name of a model there may stand.
        messages: The conversation, which the model's chat template makes a prompt of.
        prompt: A text instead of a conversation.
        sampling: How tokens are chosen.
        choices: Answers wanted.
        tools: Functions that the model may ask for.
    """

    TYPE: ClassVar[str] = "text.generate"
    VERSION: ClassVar[int] = 2
    ROUTE: ClassVar[Route] = Route(Exchange.RPC, "gen.lm")
    ADDED: ClassVar[Mapping[str, int]] = {"tools": 2}

    model: str
    messages: tuple[ChatMessage, ...] = ()
    prompt: str | None = None
    sampling: Sampling = Sampling()
    choices: Annotated[int, Field(ge=1, le=16)] = 1
    tools: Tools | None = None


class TokenLogprob(Value):
    """A token with its log-probability and its bytes, which need not be whole characters."""

    token: str
    logprob: float
    bytes: tuple[int, ...] = ()


class ChosenToken(TokenLogprob):
    """A token of the answer, with the likeliest ones at its place."""

    top: tuple[TokenLogprob, ...] = ()


class CallPiece(Value):
    """What was added to one call of a function.

    Attributes:
        index: Which call of its choice, from 0.
        id: With the first piece of a call.
        name: With the first piece of a call.
        arguments: The next characters of its JSON.
    """

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""


class TextPiece(Value):
    """What was added to one choice.

    Attributes:
        text: The words; may be empty, since a character can take several tokens.
        choice: To which.
        tokens: How many tokens they are.
        logprobs: Of these tokens, if they were asked for.
        calls: What was added to calls of functions.
    """

    text: str
    choice: int = 0
    tokens: int = 1
    logprobs: tuple[ChosenToken, ...] = ()
    calls: tuple[CallPiece, ...] = ()


class TokensProduced(Message):
    """A part of an answer. Its place in the answer stands in the envelope."""

    TYPE: ClassVar[str] = "tokens.produced"
    ROUTE: ClassVar[Route] = REPLY

    pieces: tuple[TextPiece, ...]


FinishReason = Literal["stop", "length", "tool_calls"]
"""The model or a stop text ended the answer; there was no room for more; or functions are to be called."""


class TextGenerated(Message):
    """The end of an answer.

    Attributes:
        model: The id of the model that answered.
        finish_reasons: One for each choice.
        prompt_tokens: Tokens read.
        completion_tokens: Tokens written, of all choices.
        cached_tokens: Of those read, the ones whose keys and values were at hand.
    """

    TYPE: ClassVar[str] = "text.generated"
    ROUTE: ClassVar[Route] = REPLY

    model: str
    finish_reasons: tuple[FinishReason, ...]
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0


class GenerationCancelled(Message):
    """Nobody waits for the answer to a request any more; whoever works at it stops at the next token."""

    TYPE: ClassVar[str] = "generation.cancelled"
    ROUTE: ClassVar[Route] = Route(Exchange.EVENTS, "generation.cancelled")

    request_id: str
