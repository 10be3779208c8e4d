"""``/v1/conversations/{id}/socket`` and ``/v1/conversations/{id}/live``: the customer's end of a conversation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Header, Query, Request, WebSocket
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from services.gateway.chat.lookup import check_owner
from services.gateway.colleagues.following import Position
from services.gateway.http.access.auth import VisitorCaller
from services.gateway.http.access.keyring import Caller
from services.gateway.http.bodies import sse
from services.gateway.http.errors import detail_of
from services.gateway.http.router import resource
from services.gateway.live.conversation import BEGINNING, LiveConversation, turn_frames
from services.gateway.live.frames import AliveFrame, DeltaFrame, ErrorFrame, Frame, Say
from services.gateway.live.socket import converse
from services.gateway.live.speaking import spoken
from services.gateway.state import AppState, State
from shared.errors import ParleyError
from shared.storage.chat import conversations
from shared.storage.tables.core import Turn

router = resource("Conversations")

_FRAMES = {
    "text/event-stream": {
        "schema": {
            "type": "string",
            "description": "`data:` lines with frames (`message`, `delta`, `status`, `error`), the same as over the WebSocket "
            "`/v1/conversations/{id}/socket`. An `id` is a position, from which `Last-Event-ID` or `after` goes on.",
        }
    }
}


@router.websocket("/conversations/{conversation_id}/socket")
async def socket(websocket: WebSocket, conversation_id: str) -> None:
    """Frames both ways."""
    state: AppState = websocket.app.state.gateway
    await converse(websocket, state, conversation_id)


async def _live(
    request: Request,
    conversation_id: str,
    state: State,
    caller: VisitorCaller,
    after: Annotated[str | None, Query(max_length=32, description="Go on after this position.")] = None,
    last_event_id: Annotated[str | None, Header(max_length=32)] = None,
) -> AsyncIterator[LiveConversation]:
    """Open until the stream has ended, however it ends."""
    cursor = last_event_id or after
    since = Position.parse(cursor) if cursor else BEGINNING
    await run_in_threadpool(_check, state, caller, conversation_id)
    live = LiveConversation(state, caller, conversation_id, since, request.scope)
    with state.sockets.watching(conversation_id) as watcher:
        async with live.running(watcher):
            yield live


def _check(state: AppState, caller: Caller, conversation_id: str) -> None:
    with state.database.reading() as session:
        check_owner(caller, conversations.get(session, conversation_id))


@router.get(
    "/conversations/{conversation_id}/live", response_class=StreamingResponse, responses={200: {"content": _FRAMES}}
)
async def hear(live: Annotated[LiveConversation, Depends(_live)]) -> StreamingResponse:
    """Server-sent events: all that was said, and what is said from now on, as the customer sees it."""
    return StreamingResponse(_framed(live), media_type=sse.MEDIA_TYPE, headers=sse.HEADERS)


@router.post(
    "/conversations/{conversation_id}/live", response_class=StreamingResponse, responses={200: {"content": _FRAMES}}
)
async def speak(conversation_id: str, body: Say, state: State, caller: VisitorCaller) -> StreamingResponse:
    """Say something as the customer: the answer as server-sent events, word by word where a language model writes it.

    What is sent again with the same `id` is not said twice.
    """
    coming = spoken(state, caller, conversation_id, body)
    first = await anext(coming)
    return StreamingResponse(_answer(body, first, coming), media_type=sse.MEDIA_TYPE, headers=sse.HEADERS)


async def _framed(live: LiveConversation) -> AsyncIterator[bytes]:
    try:
        async for frame in live.frames():
            yield _event(frame)
    except ParleyError as error:
        yield _event(ErrorFrame(say=None, error=detail_of(error)))


async def _answer(
    said: Say, first: DeltaFrame | Turn, coming: AsyncIterator[DeltaFrame | Turn]
) -> AsyncIterator[bytes]:
    event: DeltaFrame | Turn | None = first
    try:
        while event is not None:
            for frame in turn_frames(event) if isinstance(event, Turn) else (event,):
                yield _event(frame)
            event = await anext(coming, None)
    except ParleyError as error:
        yield _event(ErrorFrame(say=said.id, error=detail_of(error)))


def _event(frame: Frame) -> bytes:
    if isinstance(frame, AliveFrame):
        return sse.KEEP_ALIVE
    return sse.frame(frame, id=getattr(frame, "position", None))
