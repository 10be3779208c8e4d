"""A queue that is not ours, on a broker that somebody names: messages are taken one by one, and settled together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from amqp.exceptions import AccessRefused, NotFound
from kombu.connection import Connection

from shared.errors import InvalidInput, Unavailable
from shared.messaging.rabbitmq.connection import CONNECTION_ERRORS

_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where a broker is.

    Attributes:
        address: On the wire.
        name: What its certificate bears.
        is_secure: Whether to encrypt.
    """

    address: str
    name: str
    port: int
    virtual_host: str
    is_secure: bool


class ForeignQueue:
    """A queue, open. To be used by one thread."""

    def __init__(self, channel: Any, queue: str) -> None:
        self._channel = channel
        self._queue = queue
        self._last = 0
        self._refused: list[int] = []

    def take(self) -> bytes | None:
        """The next message; ``None`` if none waits."""
        found = self._channel.basic_get(self._queue, no_ack=False)
        if found is None:
            return None
        self._last = int(found.delivery_tag)
        body = found.body
        return body.encode() if isinstance(body, str) else bytes(body)

    def refuse(self) -> None:
        """Let the broker put the last message where its own dead letters go."""
        self._refused.append(self._last)

    def settle(self) -> None:
        """All that was taken is done."""
        for tag in self._refused:
            self._channel.basic_reject(tag, requeue=False)
        if self._last:
            self._channel.basic_ack(self._last, multiple=True)


@contextmanager
def foreign_queue(broker: BrokerAddress, queue: str, username: str, password: str) -> Iterator[ForeignQueue]:
    """Open a queue; what was taken and not settled goes back to it at the end.

    Raises:
        InvalidInput: There is no such queue, or the login is refused.
        Unavailable: The broker is away.
    """
    connection = Connection(  # type: ignore[no-untyped-call]
        hostname=broker.address,
        port=broker.port,
        userid=username,
        password=password,
        virtual_host=broker.virtual_host,
        transport="pyamqp",
        ssl={"server_hostname": broker.name} if broker.is_secure else False,
        connect_timeout=_TIMEOUT,
        transport_options={"read_timeout": _TIMEOUT, "write_timeout": _TIMEOUT},
    )
    try:
        connection.connect()  # type: ignore[no-untyped-call]
        yield ForeignQueue(connection.default_channel, queue)
    except NotFound:
        raise InvalidInput(f"There is no queue {queue!r} on {broker.name}.") from None
    except AccessRefused:
        raise InvalidInput(f"{broker.name} refuses the login, or the queue {queue!r} to it.") from None
    except CONNECTION_ERRORS as error:
        raise Unavailable(f"{broker.name} cannot be read: {error or type(error).__name__}") from error
    finally:
        with suppress(*CONNECTION_ERRORS):
            connection.release()  # type: ignore[no-untyped-call]
