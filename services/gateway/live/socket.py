"""``/v1/conversations/{id}/socket``: frames both ways over one WebSocket."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from fastapi import WebSocket, WebSocketDisconnect
from fastapi.concurrency import run_in_threadpool

from services.gateway.chat.lookup import check_owner
from services.gateway.colleagues.following import Position
from services.gateway.http.access.auth import authenticated, check_role, within_rate
from services.gateway.http.access.keyring import Caller
from services.gateway.http.bodies.json_body import find_nul
from services.gateway.http.errors import detail_of, response_of
from services.gateway.live.conversation import BEGINNING, LiveConversation
from services.gateway.live.frames import AliveFrame, ErrorFrame, Say, read_frame
from services.gateway.state import AppState
from shared.errors import InvalidInput, ParleyError
from shared.storage.chat import conversations
from shared.telemetry import logs, metrics

log = logs.get(__name__)

#: What both ends speak. Browsers cannot set headers: they offer their key as a second protocol, ``bearer.KEY``.
PROTOCOL, _BEARER = "parley.v1", "bearer."
#: Close codes: the server goes, or lets a client go that does not keep up (1012); something is wrong on our side (1011).
_GOING, _BROKEN = 1012, 1011


async def converse(websocket: WebSocket, state: AppState, conversation_id: str) -> None:
    """Serve a WebSocket to its end; one that may not open is refused with the HTTP answer that any other call would get."""
    try:
        caller = await _admitted(websocket, state)
        since = _position(websocket)
        if find_nul(conversation_id) is not None:
            raise InvalidInput("The address must not contain the character NUL (%00).")
        await run_in_threadpool(_check, state, caller, conversation_id)
        with state.sockets.watching(conversation_id) as watcher:
            live = LiveConversation(state, caller, conversation_id, since, websocket.scope)
            await websocket.accept(PROTOCOL if PROTOCOL in websocket.scope["subprotocols"] else None)
            with metrics.SOCKETS_OPEN.track_inprogress():
                async with live.running(watcher):
                    await _both_ways(websocket, live)
    except ParleyError as error:
        await websocket.send_denial_response(response_of(error))


async def _admitted(websocket: WebSocket, state: AppState) -> Caller:
    offered = [one.removeprefix(_BEARER) for one in websocket.scope["subprotocols"] if one.startswith(_BEARER)]
    scheme, _, key = websocket.headers.get("authorization", "").partition(" ")
    shown = key.strip() if scheme.lower() == "bearer" else "".join(offered[:1])
    caller = await authenticated(state, shown, websocket)
    within_rate(state, caller, websocket.scope)
    check_role(caller, "visitor")
    return caller


def _position(websocket: WebSocket) -> Position:
    cursor = websocket.query_params.get("after")
    return Position.parse(cursor) if cursor else BEGINNING


def _check(state: AppState, caller: Caller, conversation_id: str) -> None:
    with state.database.reading() as session:
        check_owner(caller, conversations.get(session, conversation_id))


async def _both_ways(websocket: WebSocket, live: LiveConversation) -> None:
    """Until either end goes."""
    reading, writing = (asyncio.create_task(work) for work in (_read(websocket, live), _write(websocket, live)))
    try:
        await asyncio.wait((reading, writing), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (reading, writing):
            task.cancel()
        outcomes = await asyncio.gather(reading, writing, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            log.error("a socket failed", kind=type(outcome).__name__, exc_info=outcome)


async def _read(websocket: WebSocket, live: LiveConversation) -> None:
    """Take in what the client sends; what is no frame is told so, and harms nothing."""
    with suppress(WebSocketDisconnect):
        while True:
            frame: Say | None = None
            text = await _text(websocket)
            try:
                found = read_frame(text)
                frame = found if isinstance(found, Say) else None
                if frame is None:
                    await live.tell(AliveFrame())
                else:
                    live.say(frame)
            except ParleyError as error:
                await live.tell(ErrorFrame(say=frame.id if frame else None, error=detail_of(error)))


async def _text(websocket: WebSocket) -> str:
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message["code"])
    return message.get("text") or ""


async def _write(websocket: WebSocket, live: LiveConversation) -> None:
    """Pass frames on as fast as the client takes them; ends when there are no more."""
    with suppress(WebSocketDisconnect, OSError):
        try:
            async for frame in live.frames():
                await websocket.send_text(frame.model_dump_json(exclude_none=True))
            await websocket.close(_GOING, "go on where you were")
        except ParleyError as error:
            await websocket.send_text(ErrorFrame(say=None, error=detail_of(error)).model_dump_json(exclude_none=True))
            await websocket.close(_BROKEN, "go on where you were")
