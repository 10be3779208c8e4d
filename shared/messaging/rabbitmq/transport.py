"""py-amqp's transport with large reads and corked writes.

As shipped it makes about six ``recv`` and one ``send`` for each message. Here one ``recv`` takes whatever is there and
frames are cut from it, and between ``cork`` and ``uncork`` frames are collected for one ``send``.
"""

from __future__ import annotations

from ssl import SSLWantReadError
from typing import TYPE_CHECKING, Any, Protocol

from amqp.exceptions import UnexpectedFrame
from amqp.transport import SSLTransport, TCPTransport
from kombu.transport import pyamqp

from shared.messaging.rabbitmq.frames import FRAME_END, FRAME_START, Frame, MessageFrames

_READ_BYTES = 65_536
#: Corked bytes that are sent without waiting for ``uncork``, so that a large batch needs no large memory.
_SEND_BYTES = 262_144

if TYPE_CHECKING:

    class _Base(Protocol):
        sock: Any

        def write(self, data: Any) -> None: ...

else:
    _Base = object


class Batched(_Base):
    """Mixin for both of py-amqp's transports."""

    _unread = b""
    _read_to = 0
    _corked: bytearray | None = None

    def read_frame(self) -> Frame:
        """The next frame; waits for it as long as the socket's timeout says."""
        while (frame := self.next_frame()) is None:
            self.fill()
        return frame

    def next_frame(self) -> Frame | None:
        """A whole frame of what was read, or ``None``."""
        data, start = self._unread, self._read_to
        if len(data) < start + FRAME_START.size:
            return None
        kind, channel, size = FRAME_START.unpack_from(data, start)
        end = start + FRAME_START.size + size
        if len(data) <= end:
            return None
        if data[end] != FRAME_END:
            raise UnexpectedFrame(f"frame ends with {data[end]:#04x}")
        self._read_to = end + 1
        return kind, channel, data[start + FRAME_START.size : end]

    def fill(self) -> None:
        """Read once, all that is there."""
        chunk = self.sock.recv(_READ_BYTES)
        if not chunk:
            raise ConnectionResetError("the broker closed the connection")
        self._unread = self._unread[self._read_to :] + chunk
        self._read_to = 0

    def fill_at_hand(self) -> bool:
        """Read what the socket has; says whether there is more that the socket would not tell of."""
        self.fill()
        return False

    def cork(self) -> None:
        """Collect what is written from now on."""
        if self._corked is None:
            self._corked = bytearray()

    def uncork(self) -> None:
        """Send what was collected."""
        corked, self._corked = self._corked, None
        if corked:
            super().write(corked)  # type: ignore[safe-super]  # the real transport comes behind this mixin

    def write(self, data: Any) -> None:
        """Send, or collect while corked. ``data`` may be a view on a buffer that py-amqp uses again."""
        if self._corked is None:
            super().write(data)  # type: ignore[safe-super]
            return
        self._corked += data
        if len(self._corked) > _SEND_BYTES:
            super().write(self._corked)  # type: ignore[safe-super]
            self._corked = bytearray()


class BatchedTcp(Batched, TCPTransport):  # type: ignore[misc]  # py-amqp is untyped
    """Over TCP."""


class BatchedTls(Batched, SSLTransport):  # type: ignore[misc]
    """Over TLS, which decrypts a whole record at a time, and has messages of its own.

    So the socket may be readable with nothing to be read for us, and may have nothing more while a part of a record waits.
    """

    def fill_at_hand(self) -> bool:
        """See ``Batched``; never waits for the rest of a record."""
        patience = self.sock.gettimeout()
        self.sock.settimeout(0)
        try:
            self.fill()
        except SSLWantReadError:
            return False
        finally:
            self.sock.settimeout(patience)
        return bool(self.sock.pending())


class BatchedConnection(pyamqp.Connection):
    """py-amqp's connection on these transports."""

    # With connection.blocked negotiated, py-amqp reads from the socket before every single publish.
    negotiate_capabilities = {  # noqa: RUF012  # the name and shape are py-amqp's
        "consumer_cancel_notify": True,
        "connection.blocked": False,
        "authentication_failure_close": True,
    }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options, frame_handler=MessageFrames)

    def connect(self, callback: Any = None) -> None:
        """As py-amqp does, but a handshake that fails leaves no socket behind."""
        try:
            super().connect(callback)
        except BaseException:
            self.collect()
            raise

    def Transport(  # noqa: N802  # py-amqp calls it so
        self,
        host: str,
        connect_timeout: float,
        ssl: Any = False,
        read_timeout: float | None = None,
        write_timeout: float | None = None,
        socket_settings: dict[int, int] | None = None,
    ) -> Batched:
        """Called by py-amqp to make its transport."""
        kind = BatchedTls if ssl else BatchedTcp
        return kind(
            host,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            write_timeout=write_timeout,
            socket_settings=socket_settings,
            ssl=ssl,
        )

    def dispatch(self) -> None:
        """Read what is there and hand every whole frame to its channel; blocks if the socket has nothing to read."""
        more = True
        while more:
            more = self.transport.fill_at_hand()
            self.dispatch_read()

    def dispatch_read(self) -> bool:
        """Hand over the whole frames that were read already; says whether there were any."""
        transport: Batched = self.transport
        frame = transport.next_frame()
        any_read = frame is not None
        while frame is not None:
            self.on_inbound_frame(frame)
            frame = transport.next_frame()
        return any_read


class BatchedTransport(pyamqp.Transport):
    """What kombu is told to use."""

    Connection = BatchedConnection
