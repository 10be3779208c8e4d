"""Connections that do not wait for ever: the head of a request must be there soon, and be of a sane size."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from services.gateway.errors import body_of

#: Bytes of a request line with all its headers.
MAX_HEAD_BYTES = 64 * 1024


class Connection(HttpToolsProtocol):
    """Uvicorn's connection, which by itself gives a client all the time and room it wants for a head.

    Args:
        head_seconds: From the first byte of a head (or the opening of the connection) to its last.
    """

    def __init__(self, *args: Any, head_seconds: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_seconds = head_seconds
        self._head_bytes = 0
        self._in_head = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a head, but not for long."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is expected any more."""
        self._expect_nothing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes in; most often they are a whole head, and no timer is needed."""
        super().data_received(data)
        if not self._awaits_head():
            self._expect_nothing()
        elif not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._in_head and self._head_bytes > MAX_HEAD_BYTES:
                told = f"The head of the request is larger than {MAX_HEAD_BYTES} bytes."
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, told)
            elif self._timer is None:
                self._expect_head()

    def on_message_begin(self) -> None:
        """A head begins."""
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is there; what the body may take is up to ``BodyLimit``."""
        self._in_head = False
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, in our own words."""
        self._refuse(HTTPStatus.BAD_REQUEST, msg)

    def _awaits_head(self) -> bool:
        return self._in_head or self.cycle is None or self.cycle.response_complete

    def _expect_head(self) -> None:
        self._timer = self.loop.call_later(self._head_seconds, self._give_up)

    def _expect_nothing(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._timer = None
        if self._in_head:
            told = f"The head of the request was not there after {self._head_seconds:g} seconds."
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, told)
        elif self._awaits_head():
            self.transport.close()

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
        self.transport.close()
