"""The bus inside one process: what ``parley up`` runs on, with the behaviour of RabbitMQ that our code relies on.

Messages are packed and unpacked here too: what cannot travel fails in both ways of running, and nobody shares an object
with the sender.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from threading import Lock

from shared.contracts.message import Exchange
from shared.messaging.bus import Publisher, QueueLoad, Subscription
from shared.messaging.encoded import EncodedMessage, pack
from shared.messaging.envelope import Envelope
from shared.messaging.memory.queue import MemoryQueue, MemorySubscription
from shared.messaging.topology import Queues, QueueSpec


class MemoryBus:
    """Queues in memory. Their messages end with the process.

    Args:
        clock: Unix seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = Lock()
        self._queues = {spec.name: MemoryQueue(spec, clock) for spec in Queues.SHARED}
        self._routes: dict[tuple[Exchange, str], list[MemoryQueue]] = {}

    @contextmanager
    def publisher(self) -> Iterator[Publisher]:
        """See ``Bus``."""
        yield MemoryPublisher(self)

    @contextmanager
    def subscribe(self, queue: QueueSpec, prefetch: int) -> Iterator[Subscription]:
        """See ``Bus``."""
        subscription = MemorySubscription(self._join(queue), prefetch)
        try:
            yield subscription
        finally:
            subscription.close()

    def depth(self, queue: QueueSpec) -> int:
        """See ``Bus``."""
        load = self._load(queue)
        return load.waiting if load else 0

    def loads(self, queues: Sequence[QueueSpec]) -> list[QueueLoad | None]:
        """See ``Bus``."""
        return [self._load(queue) for queue in queues]

    def _load(self, queue: QueueSpec) -> QueueLoad | None:
        with self._lock:
            found = self._queues.get(queue.name)
        if found is None:
            return None
        with found.changed:
            return QueueLoad(waiting=found.depth(), consumers=found.consumers)

    def close(self) -> None:
        """Forget every message."""
        with self._lock:
            self._queues.clear()
            self._routes.clear()

    def route(self, exchange: Exchange, key: str) -> list[MemoryQueue]:
        """The queues that a message handed in there goes to."""
        with self._lock:
            self._remove_outlived()
            if exchange is Exchange.REPLY:
                return [self._queues[key]] if key in self._queues else []
            address = (exchange, key)
            if address not in self._routes:
                self._routes[address] = [
                    queue
                    for queue in self._queues.values()
                    if any(binding.matches(exchange, key) for binding in queue.spec.bindings)
                ]
            return self._routes[address]

    def _join(self, spec: QueueSpec) -> MemoryQueue:
        with self._lock:
            self._remove_outlived()
            if spec.name not in self._queues:
                self._queues[spec.name] = MemoryQueue(spec, self._clock)
                self._routes.clear()
            queue = self._queues[spec.name]
            with queue.changed:
                queue.joined()
            return queue

    def _remove_outlived(self) -> None:
        gone = [name for name, queue in self._queues.items() if queue.outlived()]
        for name in gone:
            del self._queues[name]
        if gone:
            self._routes.clear()


class MemoryPublisher:
    """Puts encoded_messages into the queues of a ``MemoryBus``: all of a call, or none."""

    def __init__(self, bus: MemoryBus) -> None:
        self._bus = bus

    def publish(self, envelopes: Sequence[Envelope]) -> None:
        """See ``Publisher``."""
        self.send([pack(envelope) for envelope in envelopes])

    def send(self, encoded_messages: Sequence[EncodedMessage]) -> None:
        """See ``Publisher``."""
        shares: dict[str, tuple[MemoryQueue, list[EncodedMessage]]] = {}
        for encoded in encoded_messages:
            for queue in self._bus.route(encoded.exchange, encoded.key):
                shares.setdefault(queue.spec.name, (queue, []))[1].append(encoded)
        with ExitStack() as locks:
            # Always in the order of the names: two publishers that lock the same queues must not wait for each other.
            for name in sorted(shares):
                locks.enter_context(shares[name][0].changed)
            for queue, share in shares.values():
                if not queue.has_room(len(share)):
                    raise queue.refuse()
            for queue, share in shares.values():
                queue.put(share)
