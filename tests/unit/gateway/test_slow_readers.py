"""Clients that do not read their answers, at a socket whose buffers are small: nothing is kept for them for ever."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Coroutine

import pytest
import uvicorn
import uvloop
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from services.gateway.http.bodies.body_limit import BYTES_PER_SECOND
from services.gateway.http.connection import Connection

PATIENCE = 0.3
#: Seconds after which a connection is taken for kept.
LONG = 15 * PATIENCE
#: More than the buffers of kernel and transport hold.
HUGE = 4_000_000
#: Less than the transport holds before it asks to be spared.
SMALL = 40_000

Client = Callable[[socket.socket], Coroutine[None, None, None]]


async def answering(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with as many bytes as the path says, in one piece."""
    size = int(scope["path"][1:])
    headers = [(b"content-length", b"%d" % size)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"x" * size})


async def streaming(scope: Scope, receive: Receive, send: Send) -> None:
    """Sends events for as long as they are taken."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while (await asyncio.sleep(0, scope)) is scope:
        await send({"type": "http.response.body", "body": b"x" * 10_000, "more_body": True})


async def _served(app: object, sent: bytes, client: Client) -> float:
    """Serve a client on a connection of its own; the seconds until the gateway has let go of it."""
    config = uvicorn.Config(app, ws="none", lifespan="off", log_config=None, timeout_keep_alive=1)  # type: ignore[arg-type]
    config.load()
    state = ServerState()
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    theirs.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.connect_accepted_socket(lambda: Connection(config, state, {}, patience=PATIENCE), ours)
    began = time.monotonic()
    with theirs:
        await loop.sock_sendall(theirs, sent)
        reading = loop.create_task(client(theirs))
        while state.connections and time.monotonic() - began < LONG:
            await asyncio.sleep(0.02)
        await asyncio.wait_for(reading, LONG)
    for connection in list(state.connections):
        connection.transport.abort()
    return time.monotonic() - began


def served(app: object, sent: bytes, client: Client) -> float:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_served(app, sent, client))


def asking(size: int, *headers: str) -> bytes:
    return "\r\n".join([f"GET /{size} HTTP/1.1", "Host: x", *headers, "", ""]).encode()


async def deaf(_connection: socket.socket) -> None:
    """Reads nothing."""


@pytest.mark.parametrize("size", [HUGE, SMALL])
@pytest.mark.parametrize("headers", [(), ("Connection: close",)], ids=["kept open", "closed"])
def test_who_does_not_read_an_answer_is_cut_off(size: int, headers: tuple[str, ...]) -> None:
    assert served(answering, asking(size, *headers), deaf) < LONG


def test_who_does_not_read_a_stream_is_cut_off() -> None:
    assert served(streaming, asking(0), deaf) < LONG


def test_who_asks_again_and_again_without_reading_is_cut_off() -> None:
    assert served(answering, asking(SMALL) * 50, deaf) < LONG


def test_who_reads_slowly_but_steadily_gets_everything() -> None:
    taken = 0

    async def slow(connection: socket.socket) -> None:
        nonlocal taken
        loop = asyncio.get_running_loop()
        while some := await loop.sock_recv(connection, BYTES_PER_SECOND // 3):
            taken += len(some)
            await asyncio.sleep(0.1)

    size = 80_000  # more than the transport holds, and three times longer than patience at this pace
    served(answering, asking(size, "Connection: close"), slow)
    assert taken > size
