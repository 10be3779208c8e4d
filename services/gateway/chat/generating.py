"""A chat request that a language model answers: at once when it is complete, or token by token."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Sequence

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from services.gateway.chat.generated import (
    GeneratedCompletion,
    Head,
    blocked,
    chunks,
    chunks_of,
    completion,
    first_chunks,
    last_chunks,
)
from services.gateway.chat.generation import KEEP_ALIVE_SECONDS, TextGeneration
from services.gateway.chat.history import read
from services.gateway.chat.sampling import SamplingOptions
from services.gateway.chat.schemas import ChatRequest
from services.gateway.chat.storing import Keep
from services.gateway.chat.tools import ToolOptions
from services.gateway.http.bodies import no_effect, sse
from services.gateway.http.errors import event_of
from services.gateway.http.waiting import parts
from services.gateway.moderations.policy import Moderated
from shared.contracts.chat.generation import GenerateText, TextGenerated, TextPiece, TokensProduced
from shared.contracts.message import Message
from shared.errors import InvalidInput, ParleyError, Unavailable
from shared.messaging.requesting.reply_stream import ReplyStream
from shared.telemetry import logs
from shared.telemetry.unique import unique_id

#: Seconds after which one looks whether the caller of a whole answer is still there.
_LOOK_SECONDS = 1.0

_log = logs.get(__name__)


async def generated(
    request: Request,
    body: ChatRequest,
    generation: TextGeneration,
    model: str,
    keep: Keep,
    moderated: Moderated,
    names: Sequence[str],
) -> GeneratedCompletion | Response:
    """Answer with a language model; ``names`` are parameters of the request that are without effect.

    An error before the first token, if that comes soon, has its own status; later ones are events of the stream.

    Raises:
        InvalidInput: The model cannot do what is asked.
        DeadlineExceeded: The answer takes too long.
        TooManyRequests: Too many wait already.
        Unavailable: The answering process died.
    """
    if any(message.pictures or message.sounds for message in body.messages):
        raise InvalidInput(
            "Language models read no pictures and hear nothing here; a bot does (model 'parley').",
            param="messages",
            code="text_only",
        )
    options = SamplingOptions.of(body)
    question = GenerateText(
        model=model,
        messages=tuple(read(body.messages)),
        sampling=options.sampling(),
        choices=options.n or 1,
        tools=ToolOptions.of(body).travelling(),
    )
    head = Head(f"chatcmpl-{unique_id()}", int(time.time()), model)
    if moderated.options is not None:
        return await _moderated(request, body, generation, question, head, keep, moderated, names)
    answer = generation.ask(question)
    if not body.stream:
        whole = await _whole(request, answer, head)
        await keep(whole)
        return no_effect.replied(whole, names)
    coming = parts(answer, KEEP_ALIVE_SECONDS)
    try:
        first = await anext(coming)
    except BaseException:
        answer.cancel()
        raise
    with_usage = body.stream_options is not None and body.stream_options.include_usage
    frames = _frames(answer, head, first, coming, choices=question.choices, with_usage=with_usage, keep=keep)
    return StreamingResponse(frames, media_type=sse.MEDIA_TYPE, headers=sse.HEADERS | no_effect.headers(names))


async def _moderated(
    request: Request,
    body: ChatRequest,
    generation: TextGeneration,
    question: GenerateText,
    head: Head,
    keep: Keep,
    moderated: Moderated,
    names: Sequence[str],
) -> GeneratedCompletion | Response:
    """Judged as a whole before any of it is told, so that a stream of it comes at once."""
    asked = "\n".join(message.text for message in body.messages if message.role == "user")
    if await moderated.flagged_input(asked) is not None:
        whole, text = blocked(head, question.choices), ""
        await moderated.flagged_output(text)
    else:
        whole = await _whole(request, generation.ask(question), head)
        text = "\n".join(choice.message.written for choice in whole.choices)
        if await moderated.flagged_output(text) is not None:
            whole = blocked(head, question.choices, whole.usage)
    whole = whole.model_copy(update={"moderation": moderated.for_chat()})
    await keep(whole)
    if not body.stream:
        return no_effect.replied(whole, names)
    with_usage = body.stream_options is not None and body.stream_options.include_usage
    frames = [sse.frame(chunk) for chunk in chunks_of(whole, with_usage=with_usage)]
    headers = sse.HEADERS | no_effect.headers(names)
    return StreamingResponse(iter([*frames, sse.DONE]), media_type=sse.MEDIA_TYPE, headers=headers)


async def _whole(request: Request, answer: ReplyStream, head: Head) -> GeneratedCompletion:
    pieces, end = await collected(request, answer)
    return completion(head, pieces, end)


async def collected(request: Request, answer: ReplyStream) -> tuple[list[TextPiece], TextGenerated]:
    """A whole answer; nobody goes on with it once the caller has gone.

    Raises:
        ParleyError: Why there is none.
    """
    pieces: list[TextPiece] = []
    looked = time.monotonic()
    try:
        async for some in parts(answer, _LOOK_SECONDS):
            if time.monotonic() - looked >= _LOOK_SECONDS:
                looked = time.monotonic()
                if await request.is_disconnected():
                    break
            pieces += pieces_of(some)
            if (end := end_of(some)) is not None:
                return pieces, end
    finally:
        answer.cancel()
    raise Unavailable("the caller has gone")


async def _frames(
    answer: ReplyStream,
    head: Head,
    first: list[Message],
    coming: AsyncIterator[list[Message]],
    *,
    choices: int,
    with_usage: bool,
    keep: Keep,
) -> AsyncIterator[bytes]:
    pieces: list[TextPiece] = []
    try:
        for chunk in first_chunks(head, choices):
            yield sse.frame(chunk)
        async for some in _chained(first, coming):
            if not some:
                yield sse.KEEP_ALIVE
            pieces += (came := pieces_of(some))
            for chunk in chunks(head, came):
                yield sse.frame(chunk)
            if (end := end_of(some)) is not None:
                await keep(completion(head, pieces, end))
                for chunk in last_chunks(head, end, with_usage=with_usage):
                    yield sse.frame(chunk)
    except ParleyError as error:
        _log.warning("answer broke off", code=error.code, reason=error.message)
        yield sse.frame(event_of(error))
    finally:
        answer.cancel()  # without effect on one that is complete; else nobody reads the rest
    yield sse.DONE


async def _chained(first: list[Message], coming: AsyncIterator[list[Message]]) -> AsyncIterator[list[Message]]:
    yield first
    async for some in coming:
        yield some


def pieces_of(messages: Iterable[Message]) -> list[TextPiece]:
    """What was added to the answer."""
    return [piece for message in messages if isinstance(message, TokensProduced) for piece in message.pieces]


def end_of(messages: Iterable[Message]) -> TextGenerated | None:
    """The end of the answer, if it is among these."""
    return next((message for message in messages if isinstance(message, TextGenerated)), None)
