"""Connections that do not wait for ever: a head must be there soon and be of a sane size, what is sent must be read."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from services.gateway.http.bodies.body_limit import BYTES_PER_SECOND
from services.gateway.http.errors import body_of

#: Bytes of a request line with all its headers.
MAX_HEAD_BYTES = 64 * 1024


class Connection(HttpToolsProtocol):
    """Uvicorn's connection, which by itself gives a client all the time and room it wants for a head, and for an answer.

    Args:
        patience: Seconds from the first byte of a head (or the opening of the connection) to its last, and from one look at
            an answer that the client does not take to the next; in these it must take what ``BYTES_PER_SECOND`` makes.
    """

    def __init__(self, *args: Any, patience: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._patience = patience
        self._head_bytes = 0
        self._in_head = False
        self._is_socket = False
        self._timer: asyncio.TimerHandle | None = None
        self._reader_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a head, but not for long."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is expected any more."""
        self._expect_nothing()
        self._let_read()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes in; most often they are a whole head, and no timer is needed."""
        super().data_received(data)
        if self._is_socket or not self._awaits_head():
            self._expect_nothing()
        elif not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._in_head and self._head_bytes > MAX_HEAD_BYTES:
                message = f"The head of the request is larger than {MAX_HEAD_BYTES} bytes."
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, message)
            elif self._timer is None:
                self._expect_head()

    def handle_websocket_upgrade(self) -> None:
        """What comes now is no HTTP, and is another's to take care of."""
        self._is_socket = True
        super().handle_websocket_upgrade()

    def on_message_begin(self) -> None:
        """A head begins."""
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is there; what the body may take is up to ``BodyLimit``."""
        self._in_head = False
        super().on_headers_complete()

    def pause_writing(self) -> None:
        """The client does not take what we send; it had better go on soon."""
        super().pause_writing()
        self._watch_reader()

    def resume_writing(self) -> None:
        """The client has taken most of it."""
        super().resume_writing()
        self._let_read()

    def on_response_complete(self) -> None:
        """If that was the last answer, what is left of it is not kept for ever."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._watch_reader()

    def timeout_keep_alive_handler(self) -> None:
        """No request came for long; what is left of the last answer is not kept for ever either."""
        super().timeout_keep_alive_handler()
        self._watch_reader()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, in our own words."""
        self._refuse(HTTPStatus.BAD_REQUEST, msg)

    def _awaits_head(self) -> bool:
        return self._in_head or self.cycle is None or self.cycle.response_complete

    def _expect_head(self) -> None:
        self._timer = self.loop.call_later(self._patience, self._give_up)

    def _expect_nothing(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._timer = None
        if self._in_head:
            message = f"The head of the request was not there after {self._patience:g} seconds."
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, message)
        elif self._awaits_head():
            self._close()

    def _watch_reader(self) -> None:
        """Look from now on whether the client takes what waits for it."""
        waiting = self.transport.get_write_buffer_size()
        if waiting and self._reader_timer is None:
            self._reader_timer = self.loop.call_later(self._patience, self._look_at_reader, waiting)

    def _look_at_reader(self, before: int) -> None:
        self._reader_timer = None
        if before - self.transport.get_write_buffer_size() < BYTES_PER_SECOND * self._patience:
            self.transport.abort()
        else:
            self._watch_reader()

    def _let_read(self) -> None:
        if self._reader_timer is not None:
            self._reader_timer.cancel()
            self._reader_timer = None

    def _close(self) -> None:
        self.transport.close()
        self._watch_reader()

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        """Answer without the application, and hang up."""
        self._expect_nothing()
        if self.transport.is_closing():
            return
        body = json.dumps(body_of(status, message)).encode()
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self._close()


class SocketConnection(WebSocketsSansIOProtocol):
    """Uvicorn's WebSocket, which by itself waits for ever for a client that takes nothing, even to close.

    Args:
        patience: Seconds in which a client must take some of what waits for it.
    """

    def __init__(self, *args: Any, patience: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._patience = patience
        self._reader_timer: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._let_read()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client does not take what we send; it had better go on soon."""
        super().pause_writing()
        if self._reader_timer is None:
            self._reader_timer = self.loop.call_later(self._patience, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has taken most of it."""
        self._let_read()
        super().resume_writing()

    def keepalive_timeout(self) -> None:
        """It does not answer pings: what is left for it is left for nobody."""
        super().keepalive_timeout()
        self.transport.abort()

    def _let_read(self) -> None:
        if self._reader_timer is not None:
            self._reader_timer.cancel()
            self._reader_timer = None
