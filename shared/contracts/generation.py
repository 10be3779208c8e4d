"""How a language model is asked to go on with a text."""

from __future__ import annotations

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


class ChatMessage(Value):
    """One message of the conversation that a model goes on with."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str


class GenerateText(Message):
    """Go on with a conversation or a text; answered by any number of ``TokensProduced``, then ``TextGenerated``.

    Attributes:
        model: Id of a model, or the name of an engine, behind which ``/`` and the name of a model there may stand.
        messages: The conversation, which the model's chat template makes a prompt of.
        prompt: A text instead of a conversation.
        sampling: How tokens are chosen.
        choices: Answers wanted.
    """

    TYPE: ClassVar[str] = "text.generate"
    ROUTE: ClassVar[Route] = Route(Exchange.RPC, "gen.lm")

    model: str
    messages: tuple[ChatMessage, ...] = ()
    prompt: str | None = None
    sampling: Sampling = Sampling()
    choices: Annotated[int, Field(ge=1, le=16)] = 1


class TokenLogprob(Value):
    """A token with its log-probability and its bytes, which need not be whole characters."""

    token: str
    logprob: float
    bytes: tuple[int, ...] = ()


class ChosenToken(TokenLogprob):
    """A token of the answer, with the likeliest ones at its place."""

    top: tuple[TokenLogprob, ...] = ()


class TextPiece(Value):
    """What was added to one choice.

    Attributes:
        text: The words; may be empty, since a character can take several tokens.
        choice: To which.
        tokens: How many tokens they are.
        logprobs: Of these tokens, if they were asked for.
    """

    text: str
    choice: int = 0
    tokens: int = 1
    logprobs: tuple[ChosenToken, ...] = ()


class TokensProduced(Message):
    """A part of an answer. Its place in the answer stands in the envelope."""

    TYPE: ClassVar[str] = "tokens.produced"
    ROUTE: ClassVar[Route] = REPLY

    pieces: tuple[TextPiece, ...]


FinishReason = Literal["stop", "length"]
"""The model or a stop text ended the answer; or there was no room for more."""


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
