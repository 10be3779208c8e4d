"""What every bus can do. ``memory.MemoryBus`` and ``rabbitmq.bus.RabbitBus`` pass the same contract tests."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from shared.messaging.encoded import EncodedMessage, unpack
from shared.messaging.envelope import Envelope
from shared.messaging.topology import QueueSpec


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message that was received and not yet settled.

    Attributes:
        encoded: What came.
        redelivered: Somebody had it before and did not settle it.
        receipt: The subscription's own number for it.
    """

    encoded: EncodedMessage
    redelivered: bool
    receipt: int

    @property
    def body(self) -> bytes:
        """The bytes as they came."""
        return self.encoded.body

    def decode(self) -> Envelope:
        """The envelope; raises ``UndecodableMessage``."""
        return unpack(self.encoded)


@dataclass(frozen=True, slots=True)
class QueueLoad:
    """How a queue does at a moment.

    Attributes:
        waiting: Messages that nobody has taken yet.
        consumers: Subscriptions that take from it.
    """

    waiting: int
    consumers: int


class Publisher(Protocol):
    """Sends messages. Every method may be called from any thread."""

    def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Send messages in this order.

        If any of them travels a durable route, returns once the broker has confirmed those. Transient ones are handed
        over without waiting; they vanish at their deadline.

        Raises:
            TooManyRequests: A queue is full, or the broker refused a durable message.
            Unavailable: The broker is away; durable messages may or may not have arrived.
        """

    def send(self, encoded_messages: Sequence[EncodedMessage]) -> None:
        """The same for messages that are packed already, e.g. dead letters."""


class Subscription(Protocol):
    """Receives from one queue. To be used by one thread, except for ``interrupt``."""

    def receive(self, limit: int, timeout: float) -> list[Delivery]:
        """Wait up to ``timeout`` seconds for the first message, then take all at hand, up to ``limit``."""

    def settle(self, acked: Sequence[Delivery]) -> None:
        """These are done. Whatever is unsettled when the subscription closes comes back to the queue."""

    def problem(self) -> str | None:
        """Why nothing can be received, if the broker refuses; ``None`` while it is connected, or merely away. From any thread."""

    def interrupt(self) -> None:
        """Make ``receive`` return at once: the call under way, else the next one. From any thread."""


class Bus(Protocol):
    """A way for messages to travel."""

    def publisher(self) -> AbstractContextManager[Publisher]:
        """A publisher with a connection of its own."""

    def subscribe(self, queue: QueueSpec, prefetch: int) -> AbstractContextManager[Subscription]:
        """Receive from ``queue``, which is made if it is missing; at most ``prefetch`` unsettled messages at a time."""

    def depth(self, queue: QueueSpec) -> int:
        """Messages that wait in ``queue`` (0 if it does not exist); raises ``Unavailable``."""

    def loads(self, queues: Sequence[QueueSpec]) -> list[QueueLoad | None]:
        """How each queue does, in their order (``None`` where it does not exist); raises ``Unavailable``."""

    def close(self) -> None:
        """Let go of everything; ``connect`` does it."""
