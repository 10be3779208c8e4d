"""``/v1/responses``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from services.gateway.chat.generating import collected
from services.gateway.chat.generation import KEEP_ALIVE_SECONDS
from services.gateway.http.access.auth import ChatCaller
from services.gateway.http.access.keyring import Caller
from services.gateway.http.bodies import no_effect, sse
from services.gateway.http.bodies.schemas import Deleted, Listing
from services.gateway.http.router import After, IdempotencyKey, Limit, resource
from services.gateway.http.waiting import parts
from services.gateway.moderations.policy import Moderated
from services.gateway.responses.answering import ResponseSampling
from services.gateway.responses.context import owned
from services.gateway.responses.objects import record, shown
from services.gateway.responses.schemas import (
    MODELS,
    NOBODYS,
    CountTokens,
    CreateResponse,
    InputItem,
    InputTokens,
    ResponseObject,
)
from services.gateway.responses.streaming import as_written, whole
from services.gateway.responses.writing import Writing, blocked
from services.gateway.state import AppState, State
from shared.contracts.chat.generation import Sampling, TextGenerated, TokensProduced
from shared.errors import AlreadyExists, InvalidInput
from shared.storage.chat import responses
from shared.storage.database.paging import Order
from shared.storage.tables.core import Response as ResponseRow
from shared.storage.tables.core import Turn

router = resource("Responses")

_STREAM = {"text/event-stream": {"schema": {"type": "string", "description": "`event:` and `data:` lines."}}}
_STREAMED: dict[int | str, dict[str, Any]] = {200: {"content": _STREAM}}

StartingAfter = Annotated[
    int | None, Query(ge=-1, le=10_000_000, alias="starting_after", description="Of a stream: the last event at hand.")
]
Include = Annotated[list[str] | None, Query(alias="include", max_length=32, description="Without effect.")]
IncludeInBrackets = Annotated[list[str] | None, Query(alias="include[]", max_length=32, description="Without effect.")]


@router.post("/responses", response_model=ResponseObject, responses=_STREAMED)
async def create(
    request: Request, body: CreateResponse, state: State, caller: ChatCaller, idempotency_key: IdempotencyKey = None
) -> ResponseObject | Response:
    """Answer the last item of the input, as a turn of the bot or by a language model.

    The items before it, `conversation` or `previous_response_id` tell what was said before. A response is kept unless `store`
    is false; with `background` it is written when there is time.
    """
    writer = await state.responses.writer(body.model)
    if writer is None:
        body.refuse_what_a_bot_cannot_keep()
    names = no_effect.ignored(body, NOBODYS if writer else (*NOBODYS, *MODELS))
    if body.background:
        return await _queued(state, caller, body, idempotency_key, names)
    if writer is not None:
        return await _written(request, state, caller, body, writer, idempotency_key, names)
    body.question()
    row = record(body, body.model, caller.key_id, state.clock(), idempotency_key)
    moderated = state.responses.moderated(body)
    row, turn = await state.responses.by_bot(caller, body, row, idempotency_key, moderated)
    return _reply(body, row, turn, names, moderated)


def _reply(
    body: CreateResponse,
    row: ResponseRow,
    turn: Turn | None,
    names: Sequence[str],
    moderated: Moderated | None = None,
) -> ResponseObject | Response:
    judged = moderated.for_response() if moderated is not None else None
    if body.stream:
        return StreamingResponse(
            whole(row, turn, moderation=judged),
            media_type=sse.MEDIA_TYPE,
            headers=sse.HEADERS | no_effect.headers(names),
        )
    response = shown(row, turn, judged)
    if not names:
        return response
    return Response(response.model_dump_json(), media_type="application/json", headers=no_effect.headers(names))


async def _queued(
    state: AppState, caller: Caller, body: CreateResponse, idempotency_key: str | None, names: Sequence[str]
) -> ResponseObject | Response:
    row = record(body, body.model, caller.key_id, state.clock(), idempotency_key)
    if await state.responses.writer(body.model) is None:
        body.question()
    elif body.moderation is not None:
        raise InvalidInput(
            "A language model that writes in the background is not judged; leave out 'background' or 'moderation'.",
            param="moderation",
        )
    if any(item.pictures or item.sounds for item in body.items):
        raise InvalidInput("Pictures and sounds are not read in the background; leave out 'background'.", param="input")
    found = await run_in_threadpool(state.responses.repeated, caller, row)
    if found is None:
        try:
            found = await run_in_threadpool(state.response_queue.submit, row)
        except AlreadyExists:
            found = await run_in_threadpool(state.responses.repeated, caller, row)
            if found is None:
                raise
    if body.stream:
        frames = state.followers.follow(found, -1)
        return StreamingResponse(frames, media_type=sse.MEDIA_TYPE, headers=sse.HEADERS | no_effect.headers(names))
    turn = await run_in_threadpool(_turn, state, found)
    return _reply(body, found, turn, names)


async def _written(
    request: Request,
    state: AppState,
    caller: Caller,
    body: CreateResponse,
    model: str,
    idempotency_key: str | None,
    names: Sequence[str],
) -> ResponseObject | Response:
    """By a language model. An error before the first token, if that comes soon, has its own status."""
    sampling = ResponseSampling.of(body).of_text(body)
    row = record(body, model, caller.key_id, state.clock(), idempotency_key)
    found = await run_in_threadpool(state.responses.repeated, caller, row)
    if found is not None:
        return _reply(body, found, None, names)
    question = await run_in_threadpool(state.responses.question, caller, body, model, sampling)
    moderated = state.responses.moderated(body)
    if moderated.options is not None and await moderated.flagged_input(_asked(body)) is not None:
        await moderated.flagged_output("")
        return _reply(body, await _kept(state, caller, row, blocked(state.clock())), None, names, moderated)
    answer = state.responses.ask(question)
    writing = Writing(row, with_logprobs=body.wants_logprobs)
    if not body.stream or moderated.options is not None:
        pieces, end = await collected(request, answer)
        writing.take([TokensProduced(pieces=tuple(pieces)), end])
        outcome = writing.outcome(end, state.clock())
        if await moderated.flagged_output(writing.written()) is not None:
            outcome = blocked(state.clock(), outcome["usage"])
        return _reply(body, await _kept(state, caller, row, outcome), None, names, moderated)
    coming = parts(answer, KEEP_ALIVE_SECONDS)
    try:
        first = await anext(coming)
    except BaseException:
        answer.cancel()
        raise
    frames = as_written(state.responses, writing, answer, first, coming)
    return StreamingResponse(frames, media_type=sse.MEDIA_TYPE, headers=sse.HEADERS | no_effect.headers(names))


def _asked(body: CreateResponse) -> str:
    return "\n".join(item.text for item in body.items if item.type == "message" and item.role == "user")


async def _kept(state: AppState, caller: Caller, row: ResponseRow, outcome: dict[str, Any]) -> ResponseRow:
    try:
        return await run_in_threadpool(state.responses.keep, row, outcome)
    except AlreadyExists:  # the same key at the same time; the other request won
        return await run_in_threadpool(_repeated, state, caller, row)


@router.post("/responses/input_tokens")
async def count_tokens(body: CountTokens, state: State, caller: ChatCaller) -> InputTokens:
    """How many tokens a request would read. A language model is asked for one token more, which nobody sees."""
    writer = await state.responses.writer(body.model)
    if writer is None:
        read = await state.texts.read([body.question()], model=None)
        return InputTokens(input_tokens=read.tokens)
    sampling = Sampling(temperature=0.0, max_tokens=1)
    question = await run_in_threadpool(state.responses.question, caller, body, writer, sampling)
    answer = state.responses.ask(question)
    try:
        async for some in parts(answer, KEEP_ALIVE_SECONDS):
            for message in some:
                if isinstance(message, TextGenerated):
                    return InputTokens(input_tokens=message.prompt_tokens)
    finally:
        answer.cancel()
    raise InvalidInput("The model does not tell how much it read.", param="model")


@router.get("/responses/{response_id}", response_model=ResponseObject, responses=_STREAMED)
async def retrieve(
    response_id: str,
    state: State,
    caller: ChatCaller,
    stream: Annotated[bool, Query(description="Its events, as they were streamed or as they come.")] = False,
    starting_after: StartingAfter = None,
    include: Include = None,  # noqa: ARG001  # what can be told is always told
    include_in_brackets: IncludeInBrackets = None,  # noqa: ARG001  # how the official client spells it
    include_obfuscation: Annotated[bool | None, Query(description="Without effect.")] = None,  # noqa: ARG001
) -> ResponseObject | Response:
    """A response of yours. With `stream` its events, from the one after `starting_after`: a client that was cut off reads on."""
    row, turn = await run_in_threadpool(_found, state, caller, response_id)
    if not stream:
        return shown(row, turn)
    after = -1 if starting_after is None else starting_after
    unfinished = row.status in responses.UNFINISHED
    frames = state.followers.follow(row, after) if unfinished else whole(row, turn, after)
    return StreamingResponse(frames, media_type=sse.MEDIA_TYPE, headers=sse.HEADERS)


@router.post("/responses/{response_id}/cancel")
def cancel(response_id: str, state: State, caller: ChatCaller) -> ResponseObject:
    """Stop one that is written in the background. Repeating it is harmless."""
    row, turn = _found(state, caller, response_id)
    if not row.background:
        raise InvalidInput(
            "Only a response made with 'background' can be cancelled; close the connection of another one.",
            param="response_id",
        )
    if row.status not in (*responses.UNFINISHED, "cancelled"):
        raise InvalidInput(f"The response is {row.status} already.", param="response_id")
    with state.database.transaction() as session:
        responses.cancel(session, response_id, state.clock())
        row = owned(session, caller, response_id)
        turn = responses.turn_of(session, row)
    return shown(row, turn)


@router.delete("/responses/{response_id}")
def delete(response_id: str, state: State, caller: ChatCaller) -> Deleted:
    """Delete a response. What was said in a conversation stays there until that is deleted."""
    with state.database.transaction() as session:
        owned(session, caller, response_id)
        responses.remove(session, response_id)
    return Deleted(id=response_id, object="response")


@router.get("/responses/{response_id}/input_items")
def input_items(
    response_id: str,
    state: State,
    caller: ChatCaller,
    after: After = None,
    limit: Limit = 20,
    order: Order = "desc",
    include: Include = None,  # noqa: ARG001  # what can be told is always told
    include_in_brackets: IncludeInBrackets = None,  # noqa: ARG001  # how the official client spells it
) -> Listing[InputItem]:
    """What a response was asked, newest first."""
    row, _ = _found(state, caller, response_id)
    ordered = row.input if order == "asc" else row.input[::-1]
    ids = [item["id"] for item in ordered]
    if after is not None and after not in ids:
        raise InvalidInput(f"There is no {after!r} to continue after; take the id of the last item.", param="after")
    start = ids.index(after) + 1 if after is not None else 0
    page = [InputItem.model_validate(item) for item in ordered[start : start + limit]]
    return Listing[InputItem].of(page, has_more=start + limit < len(ordered))


def _found(state: AppState, caller: Caller, response_id: str) -> tuple[ResponseRow, Turn | None]:
    with state.database.reading() as session:
        row = owned(session, caller, response_id)
        return row, responses.turn_of(session, row)


def _repeated(state: AppState, caller: Caller, row: ResponseRow) -> ResponseRow:
    return state.responses.repeated(caller, row) or row


def _turn(state: AppState, row: ResponseRow) -> Turn | None:
    with state.database.reading() as session:
        return responses.turn_of(session, row)
