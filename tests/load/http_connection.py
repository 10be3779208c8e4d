"""Just enough of an HTTP/1.1 client to ask one server again and again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Self, cast


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, its body left out."""

    status: int
    retry_after: str | None


class Connection(asyncio.Protocol):
    """A connection that is kept open, for one request at a time. Bodies must have a ``Content-Length``."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None
        self._reply: asyncio.Future[Reply] | None = None

    @classmethod
    async def open(cls, host: str, port: int) -> Self:
        """Connect.

        Raises:
            OSError: Nobody listens there.
        """
        _, connection = await asyncio.get_running_loop().create_connection(cls, host, port)
        return connection

    async def ask(self, request: bytes) -> Reply:
        """Send a whole request; returns its answer.

        Raises:
            ConnectionError: The server hung up.
        """
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError("the server hung up")
        self._reply = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._reply

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See ``asyncio``."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def connection_lost(self, exc: Exception | None) -> None:
        """See ``asyncio``."""
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(ConnectionResetError(f"the server hung up: {exc}"))

    def data_received(self, data: bytes) -> None:
        """See ``asyncio``."""
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._received[:end])
        headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        if len(self._received) < end + 4 + int(headers[b"content-length"]):
            return
        self._received.clear()
        retry_after = headers.get(b"retry-after")
        if self._reply is not None:
            self._reply.set_result(Reply(int(head[9:12]), retry_after.decode() if retry_after else None))
