"""Receiving from one RabbitMQ queue."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from itertools import count
from typing import Any

from amqp.exceptions import ConsumerCancelled

from shared.messaging.bus import Delivery
from shared.messaging.rabbitmq.connection import CONNECTION_ERRORS, BrokerConnection
from shared.messaging.rabbitmq.declaration import declare_queue, declare_shared
from shared.messaging.rabbitmq.frames import Delivered
from shared.messaging.rabbitmq.reconnecting import ReconnectingConnection
from shared.messaging.rabbitmq.wakeup_socket import WakeupSocket
from shared.messaging.rabbitmq.wire import message_of
from shared.messaging.topology import QueueSpec


class RabbitSubscription:
    """A consumer with a connection of its own, used by the thread that consumes.

    While the broker is away ``receive`` keeps connecting; what was unsettled is then delivered again, by the broker.
    """

    def __init__(self, url: str, prefix: str, queue: QueueSpec, prefetch: int) -> None:
        self._prefix = prefix
        self._queue = queue
        self._prefetch = prefetch
        self._waker = WakeupSocket()
        self._reconnecting = ReconnectingConnection(
            url, "subscription", f"subscription to {queue.name}", self._prepare, self._waker
        )
        self._receipts = count(1)
        self._channel: Any = None
        self._arrived: deque[Delivery] = deque()
        self._tags: dict[int, int] = {}
        """Delivery tags of this link by receipt, oldest first: what is unsettled."""

    def open(self) -> None:
        """Connect if the broker is there."""
        self._reconnecting.link(0)

    def receive(self, limit: int, timeout: float) -> list[Delivery]:
        """See ``Subscription``."""
        until = time.monotonic() + timeout
        woken = False
        while not (self._arrived or woken):
            left = until - time.monotonic()
            woken = self._waker.clear() or left <= 0
            link = None if woken else self._reconnecting.link(left)
            if link is not None:
                self._listen(link, left)
        while len(self._arrived) < limit and (link := self._reconnecting.current) and self._listen(link, 0):
            pass
        return [self._arrived.popleft() for _ in range(min(limit, len(self._arrived)))]

    def settle(self, acked: Sequence[Delivery]) -> None:
        """See ``Subscription``: one acknowledgement for all that are older than anything left."""
        tags = sorted(tag for delivery in acked if (tag := self._tags.pop(delivery.receipt, None)) is not None)
        link = self._reconnecting.current
        if link is None or not tags:
            return
        oldest_left = next(iter(self._tags.values()), tags[-1] + 1)
        together = [tag for tag in tags if tag < oldest_left]
        try:
            with link.corked():
                if together:
                    self._channel.basic_ack(together[-1], multiple=True)
                for tag in tags[len(together) :]:
                    self._channel.basic_ack(tag)
        except CONNECTION_ERRORS as error:
            self._lose(error)

    def problem(self) -> str | None:
        """See ``Subscription``."""
        return self._reconnecting.refusal

    def interrupt(self) -> None:
        """See ``Subscription``."""
        self._waker.wake()

    def close(self) -> None:
        """Disconnect; the broker takes back what is unsettled."""
        self._reconnecting.close()
        self._waker.close()

    def _listen(self, link: BrokerConnection, seconds: float) -> bool:
        try:
            return link.wait(seconds)
        except CONNECTION_ERRORS as error:
            self._lose(error)
            return False

    def _lose(self, error: BaseException) -> None:
        self._reconnecting.lost(error)
        self._forget()

    def _forget(self) -> None:
        """Tags mean nothing on another link, and the broker delivers again whatever was unsettled on this one."""
        self._arrived.clear()
        self._tags.clear()

    def _prepare(self, link: BrokerConnection) -> None:
        self._forget()
        self._channel = link.channel()
        declare_shared(self._channel, self._prefix)
        declare_queue(self._channel, self._prefix, self._queue)
        self._channel.basic_qos(0, self._prefetch, a_global=False)
        link.deliver(self._arrive)
        self._channel.basic_consume(self._prefix + self._queue.name, on_cancel=self._cancelled)

    def _arrive(self, delivered: Delivered) -> None:
        receipt = next(self._receipts)
        self._tags[receipt] = delivered.tag
        self._arrived.append(Delivery(message_of(delivered), delivered.redelivered, receipt))

    def _cancelled(self, _consumer_tag: str) -> None:
        raise ConsumerCancelled(f"the queue {self._queue.name} was deleted")
