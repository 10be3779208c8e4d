"""The bus on RabbitMQ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from amqp.exceptions import NotFound

from shared.errors import Unavailable
from shared.messaging.bus import Publisher, QueueLoad, Subscription
from shared.messaging.rabbitmq.connection import CONNECTION_ERRORS, BrokerConnection
from shared.messaging.rabbitmq.publisher import RabbitPublisher
from shared.messaging.rabbitmq.subscription import RabbitSubscription
from shared.messaging.topology import QueueSpec


class RabbitBus:
    """Makes publishers and subscriptions, each with a connection of its own; holds none itself.

    Args:
        url: ``amqp://`` or ``amqps://``.
        prefix: Put before every exchange and queue.
    """

    def __init__(self, url: str, prefix: str) -> None:
        self._url = url
        self._prefix = prefix

    @contextmanager
    def publisher(self) -> Iterator[Publisher]:
        """See ``Bus``. A broker that is away is waited for."""
        publisher = RabbitPublisher(self._url, self._prefix)
        publisher.open()
        try:
            yield publisher
        finally:
            publisher.close()

    @contextmanager
    def subscribe(self, queue: QueueSpec, prefetch: int) -> Iterator[Subscription]:
        """See ``Bus``. A broker that is away is waited for."""
        subscription = RabbitSubscription(self._url, self._prefix, queue, prefetch)
        try:
            subscription.open()
            yield subscription
        finally:
            subscription.close()

    def depth(self, queue: QueueSpec) -> int:
        """See ``Bus``."""
        (load,) = self.loads([queue])
        return load.waiting if load else 0

    def loads(self, queues: Sequence[QueueSpec]) -> list[QueueLoad | None]:
        """See ``Bus``."""
        try:
            link = BrokerConnection(self._url, "parley depth")
            try:
                return [self._load(link, queue) for queue in queues]
            finally:
                link.close()
        except CONNECTION_ERRORS as error:
            raise Unavailable(f"the message broker is away: {error}") from error

    def _load(self, link: BrokerConnection, queue: QueueSpec) -> QueueLoad | None:
        channel = link.channel()
        try:
            found = channel.queue_declare(self._prefix + queue.name, passive=True)
        except NotFound:  # which closes the channel
            return None
        channel.close()
        return QueueLoad(waiting=found.message_count, consumers=found.consumer_count)

    def close(self) -> None:
        """Nothing to let go: every connection belongs to its publisher or subscription."""
