"""What a language model wrote, in the shapes of the convention."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from services.gateway.http.bodies.schemas import Reply
from services.gateway.moderations.policy import ChatModeration
from shared.contracts.chat.generation import CallPiece, ChosenToken, FinishReason, TextGenerated, TextPiece, ToolCall

ShownReason = FinishReason | Literal["content_filter"]
"""Of an answer that a moderation has blocked: ``content_filter``."""


class TopLogprob(Reply):
    """A token that might have been, with its log-probability."""

    token: str
    logprob: float
    bytes: list[int] | None


class TokenLogprobs(TopLogprob):
    """A token of the answer, with the likeliest ones at its place."""

    top_logprobs: list[TopLogprob]


class Logprobs(Reply):
    """Of each token of the answer, or of a piece of it."""

    content: list[TokenLogprobs]
    refusal: None = None


class PromptDetails(Reply):
    """Of the tokens read, those that had been read for another request."""

    cached_tokens: int


class GeneratedUsage(Reply):
    """Tokens read and written."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptDetails


class GeneratedFunction(Reply):
    """A function to be called, with its arguments as JSON."""

    name: str
    arguments: str


class GeneratedToolCall(Reply):
    """A call that whoever asked is to make."""

    id: str
    type: Literal["function"] = "function"
    function: GeneratedFunction


class GeneratedMessage(Reply):
    """An answer; ``content`` is ``null`` where it is calls alone, and ``tool_calls`` are left out where there are none."""

    role: Literal["assistant"] = "assistant"
    content: str | None
    refusal: None = None
    tool_calls: list[GeneratedToolCall] | None = Field(default=None, exclude_if=lambda calls: calls is None)

    @property
    def written(self) -> str:
        """All that the model wrote: its words, and the arguments of its calls."""
        arguments = (call.function.arguments for call in self.tool_calls or ())
        return "\n".join(text for text in (self.content, *arguments) if text)


class GeneratedChoice(Reply):
    """One of the answers."""

    index: int
    message: GeneratedMessage
    logprobs: Logprobs | None = None
    finish_reason: ShownReason


class GeneratedCompletion(Reply):
    """What a language model wrote."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[GeneratedChoice]
    usage: GeneratedUsage
    moderation: ChatModeration | None = None


class FunctionDelta(Reply):
    """What was added to a call: its name with the first piece, and characters of its arguments."""

    name: str | None = Field(default=None, exclude_if=lambda name: name is None)
    arguments: str


class ToolCallDelta(Reply):
    """What was added to one of the calls; the first piece tells which function."""

    index: int
    id: str | None = Field(default=None, exclude_if=lambda call_id: call_id is None)
    type: Literal["function"] | None = Field(default=None, exclude_if=lambda kind: kind is None)
    function: FunctionDelta


class GeneratedDelta(Reply):
    """What was added to an answer."""

    role: Literal["assistant"] | None = None
    content: str | None = None
    tool_calls: list[ToolCallDelta] | None = Field(default=None, exclude_if=lambda calls: calls is None)


class GeneratedChunkChoice(Reply):
    """A piece of one of the answers."""

    index: int
    delta: GeneratedDelta
    logprobs: Logprobs | None = None
    finish_reason: ShownReason | None = None


class GeneratedChunk(Reply):
    """A streamed piece. The usage follows alone, if it was asked for."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    choices: list[GeneratedChunkChoice]
    usage: GeneratedUsage | None = None
    moderation: ChatModeration | None = None


@dataclass(slots=True)
class _Text:
    words: list[str] = field(default_factory=list)
    logprobs: list[ChosenToken] = field(default_factory=list)
    calls: list[CallPiece] = field(default_factory=list)

    def message(self) -> GeneratedMessage:
        """As a whole."""
        calls, words = whole_calls(self.calls), "".join(self.words)
        return GeneratedMessage(
            content=words or (None if calls else ""),
            tool_calls=[
                GeneratedToolCall(id=call.id, function=GeneratedFunction(name=call.name, arguments=call.arguments))
                for call in calls
            ]
            or None,
        )

    def deltas(self) -> Iterator[GeneratedDelta]:
        """As pieces: the words, and what was added to calls."""
        words = "".join(self.words)
        if words or (self.logprobs and not self.calls):
            yield GeneratedDelta(content=words)
        if self.calls:
            yield GeneratedDelta(tool_calls=[_call_delta(piece) for piece in self.calls])


@dataclass(frozen=True, slots=True)
class Head:
    """What every chunk of an answer repeats."""

    id: str
    created: int
    model: str


def completion(head: Head, pieces: Iterable[TextPiece], end: TextGenerated) -> GeneratedCompletion:
    """The whole answer."""
    texts = _merged(pieces)
    choices = [
        GeneratedChoice(
            index=index,
            message=texts.get(index, _Text()).message(),
            logprobs=_logprobs(texts[index].logprobs) if index in texts else None,
            finish_reason=reason,
        )
        for index, reason in enumerate(end.finish_reasons)
    ]
    return GeneratedCompletion(id=head.id, created=head.created, model=head.model, choices=choices, usage=_usage(end))


def first_chunks(head: Head, choices: int) -> Iterator[GeneratedChunk]:
    """Who speaks."""
    for index in range(choices):
        yield _chunk(head, GeneratedChunkChoice(index=index, delta=GeneratedDelta(role="assistant", content="")))


def chunks(head: Head, pieces: Iterable[TextPiece]) -> Iterator[GeneratedChunk]:
    """What came together: one chunk for each answer that it adds to."""
    for index, text in _merged(pieces).items():
        logprobs = _logprobs(text.logprobs)
        for delta in text.deltas():
            yield _chunk(head, GeneratedChunkChoice(index=index, delta=delta, logprobs=logprobs))
            logprobs = None


def last_chunks(head: Head, end: TextGenerated, *, with_usage: bool) -> Iterator[GeneratedChunk]:
    """How each answer ended, and what it took."""
    for index, reason in enumerate(end.finish_reasons):
        yield _chunk(head, GeneratedChunkChoice(index=index, delta=GeneratedDelta(), finish_reason=reason))
    if with_usage:
        yield GeneratedChunk(id=head.id, created=head.created, model=head.model, choices=[], usage=_usage(end))


def blocked(head: Head, choices: int, usage: GeneratedUsage | None = None) -> GeneratedCompletion:
    """An answer that may not be said."""
    nothing = GeneratedUsage(
        prompt_tokens=0, completion_tokens=0, total_tokens=0, prompt_tokens_details=PromptDetails(cached_tokens=0)
    )
    empty = [
        GeneratedChoice(index=index, message=GeneratedMessage(content=""), finish_reason="content_filter")
        for index in range(choices)
    ]
    return GeneratedCompletion(
        id=head.id, created=head.created, model=head.model, choices=empty, usage=usage or nothing
    )


def chunks_of(whole: GeneratedCompletion, *, with_usage: bool) -> Iterator[GeneratedChunk]:
    """A whole answer as chunks, with what was judged of it in one of its own."""
    head = Head(whole.id, whole.created, whole.model)
    yield from first_chunks(head, len(whole.choices))
    for choice in whole.choices:
        calls = [_whole_delta(index, call) for index, call in enumerate(choice.message.tool_calls or ())]
        delta = GeneratedDelta(content=choice.message.content, tool_calls=calls or None)
        yield _chunk(head, GeneratedChunkChoice(index=choice.index, delta=delta, logprobs=choice.logprobs))
        end = GeneratedChunkChoice(index=choice.index, delta=GeneratedDelta(), finish_reason=choice.finish_reason)
        yield _chunk(head, end)
    yield moderation_chunk(head, whole.moderation)
    if with_usage:
        yield GeneratedChunk(id=head.id, created=head.created, model=head.model, choices=[], usage=whole.usage)


def moderation_chunk(head: Head, moderation: ChatModeration | None) -> GeneratedChunk:
    """What was judged of a question and its answer."""
    return GeneratedChunk(id=head.id, created=head.created, model=head.model, choices=[], moderation=moderation)


def _merged(pieces: Iterable[TextPiece]) -> dict[int, _Text]:
    texts: dict[int, _Text] = {}
    for piece in pieces:
        text = texts.setdefault(piece.choice, _Text())
        text.words.append(piece.text)
        text.logprobs += piece.logprobs
        text.calls += piece.calls
    return texts


def whole_calls(pieces: Iterable[CallPiece]) -> list[ToolCall]:
    """The calls that pieces make up, in their order."""
    calls: dict[int, ToolCall] = {}
    for piece in pieces:
        known = calls.get(piece.index) or ToolCall(id="", name="", arguments="")
        calls[piece.index] = ToolCall(
            id=known.id or piece.id or "",
            name=known.name + (piece.name or ""),
            arguments=known.arguments + piece.arguments,
        )
    return [call for _, call in sorted(calls.items())]


def _whole_delta(index: int, call: GeneratedToolCall) -> ToolCallDelta:
    function = FunctionDelta(name=call.function.name, arguments=call.function.arguments)
    return ToolCallDelta(index=index, id=call.id, type="function", function=function)


def _call_delta(piece: CallPiece) -> ToolCallDelta:
    kind: Literal["function"] | None = "function" if piece.id else None
    function = FunctionDelta(name=piece.name, arguments=piece.arguments)
    return ToolCallDelta(index=piece.index, id=piece.id, type=kind, function=function)


def _chunk(head: Head, choice: GeneratedChunkChoice) -> GeneratedChunk:
    return GeneratedChunk(id=head.id, created=head.created, model=head.model, choices=[choice])


def _logprobs(tokens: Sequence[ChosenToken]) -> Logprobs | None:
    return Logprobs(content=token_logprobs(tokens)) if tokens else None


def token_logprobs(tokens: Sequence[ChosenToken]) -> list[TokenLogprobs]:
    """Tokens with their log-probabilities, in the shape of the convention."""
    return [
        TokenLogprobs(
            token=token.token,
            logprob=token.logprob,
            bytes=list(token.bytes),
            top_logprobs=[TopLogprob(token=top.token, logprob=top.logprob, bytes=list(top.bytes)) for top in token.top],
        )
        for token in tokens
    ]


def _usage(end: TextGenerated) -> GeneratedUsage:
    return GeneratedUsage(
        prompt_tokens=end.prompt_tokens,
        completion_tokens=end.completion_tokens,
        total_tokens=end.prompt_tokens + end.completion_tokens,
        prompt_tokens_details=PromptDetails(cached_tokens=end.cached_tokens),
    )
