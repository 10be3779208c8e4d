"""One connection to the broker, used by one thread."""

from __future__ import annotations

import contextlib
import selectors
import socket
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from amqp.exceptions import AMQPError
from kombu.connection import Connection

from shared.messaging.rabbitmq.frames import Delivered, published
from shared.messaging.rabbitmq.transport import BatchedConnection, BatchedTransport
from shared.messaging.rabbitmq.wakeup_socket import WakeupSocket

CONNECTION_ERRORS = (AMQPError, OSError)
"""What a connection raises when it is of no use any more."""

#: Seconds; the broker hangs up on a client that was silent for twice as long, and we on the broker.
_HEARTBEAT = 30
#: Seconds between looks at the heartbeat.
_TICK = 10.0
#: Seconds for connecting, for the handshake, and for the broker's answer to a declaration.
_PATIENCE = 5.0
#: Seconds that the broker has to answer a farewell; it finds out anyway.
_FAREWELL = 1.0
#: Milliseconds that sent bytes may stay unacknowledged. py-amqp's 1,000 would cut a broker that pauses for a moment.
_TCP_USER_TIMEOUT = 15_000


def tls_options(url: str) -> dict[str, None] | bool:
    """What kombu needs so that the broker's certificate is verified by the system's authorities, and bears the URL's host."""
    return {"server_hostname": None} if url.startswith("amqps:") else False


class BrokerConnection:
    """A connection with its channels. Everything may raise ``CONNECTION_ERRORS``; the link is then to be closed.

    Args:
        url: ``amqp://`` or ``amqps://``; over TLS the broker's certificate and name are verified.
        name: Shown by the broker's management page.
    """

    def __init__(self, url: str, name: str) -> None:
        settings = Connection(  # type: ignore[no-untyped-call]
            url,
            transport=BatchedTransport,
            ssl=tls_options(url),
            heartbeat=_HEARTBEAT,
            connect_timeout=_PATIENCE,
            transport_options={
                "socket_settings": {socket.TCP_USER_TIMEOUT: _TCP_USER_TIMEOUT},
                "client_properties": {"connection_name": name},
            },
        )
        self._connection: BatchedConnection = settings.transport.establish_connection()
        self._transport = self._connection.transport
        self._selector = selectors.DefaultSelector()
        self._socket: socket.socket = self._transport.sock
        self._socket.settimeout(_PATIENCE)
        self._selector.register(self._socket, selectors.EVENT_READ)

    def channel(self) -> Any:
        """A new channel of py-amqp."""
        return self._connection.channel()

    def publish(
        self, channel: Any, exchange: str, key: str, properties: Mapping[str, Any], body: bytes, *, mandatory: bool
    ) -> None:
        """Write a message; arguments, and further errors, as for ``frames.published``."""
        frame_max = self._connection.frame_max
        self._transport.write(
            published(channel.channel_id, exchange, key, properties, body, mandatory=mandatory, frame_max=frame_max)
        )
        self._connection.bytes_sent += 1

    def deliver(self, take: Callable[[Delivered], None]) -> None:
        """Have ``take`` called with what is delivered from now on, whatever its channel."""
        self._connection.on_inbound_frame.deliver = take

    def watch(self, waker: WakeupSocket) -> None:
        """Let ``waker`` end ``wait``. Comes after all declarations: from now on reading and writing never time out."""
        self._selector.register(waker, selectors.EVENT_READ, waker)
        self._socket.settimeout(None)

    def wait(self, seconds: float) -> bool:
        """Wait for frames and hand them to their channels; says whether any came. Ends early when woken."""
        # What came right behind the answer to a declaration was read with it: the socket would never tell.
        came = self._dispatch(self._connection.dispatch_read)
        if not came:
            events = self._selector.select(min(seconds, _TICK))
            came = any(key.data is None for key, _ in events)
            if came:
                self._dispatch(self._connection.dispatch)
        self._connection.heartbeat_tick()
        return came

    @contextlib.contextmanager
    def corked(self) -> Iterator[None]:
        """Send what is written inside with as few system calls as possible."""
        self._transport.cork()
        yield
        self._transport.uncork()

    def abort(self) -> None:
        """Cut the connection under the thread that uses it. From any thread."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Take leave of the broker if it is there, then let go."""
        self._selector.close()
        with contextlib.suppress(*CONNECTION_ERRORS):
            self._socket.settimeout(_FAREWELL)
            self._connection.close()
        self._connection.collect()

    def _dispatch(self, dispatch: Callable[[], bool | None]) -> bool:
        try:
            return bool(dispatch())
        except CONNECTION_ERRORS:
            raise
        except Exception as error:
            # To what it does not expect py-amqp says KeyError, AttributeError or struct.error.
            raise ConnectionAbortedError(f"the connection is out of step: {error!r}") from error
