"""A queue inside the process, with the manners of a broker: limits, time-to-live, prefetch, redelivery."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from threading import Condition

from shared.errors import TooManyRequests
from shared.messaging.bus import Delivery
from shared.messaging.encoded import EncodedMessage
from shared.messaging.topology import QueueSpec


class MemoryQueue:
    """Parcels that wait. Its condition wakes consumers: an idle one costs nothing."""

    def __init__(self, spec: QueueSpec, clock: Callable[[], float]) -> None:
        self.spec = spec
        self.changed = Condition()
        self._clock = clock
        self._waiting: deque[tuple[EncodedMessage, bool, float]] = deque()
        """EncodedMessage, whether somebody had it before, and when it dies."""
        self._consumers = 0
        self._unused_since = clock()

    def has_room(self, encoded_messages: int) -> bool:
        """Whether that many more may come; a queue that drops its oldest always has room."""
        now = self._clock()
        while self._waiting and self._waiting[0][2] <= now:
            self._waiting.popleft()
        return self.spec.overflow == "drop_oldest" or len(self._waiting) + encoded_messages <= self.spec.max_length

    def refuse(self) -> TooManyRequests:
        """The error for a publisher that finds no room."""
        return TooManyRequests(f"the queue {self.spec.name} is full ({self.spec.max_length} messages); try again later")

    def put(self, encoded_messages: Iterable[EncodedMessage]) -> None:
        """Append; the caller holds ``changed`` and has seen that there is room."""
        for encoded in encoded_messages:
            self._waiting.append((encoded, False, self._dies_at(encoded)))
        self._drop_surplus()
        self.changed.notify_all()

    def take(self, limit: int) -> list[tuple[EncodedMessage, bool]]:
        """Up to ``limit`` living encoded_messages, oldest first; the caller holds ``changed``."""
        taken: list[tuple[EncodedMessage, bool]] = []
        now = self._clock()
        while self._waiting and len(taken) < limit:
            encoded, redelivered, dies_at = self._waiting.popleft()
            if now < dies_at:
                taken.append((encoded, redelivered))
        return taken

    def give_back(self, encoded_messages: Sequence[EncodedMessage]) -> None:
        """Put received encoded_messages back to the front, marked as redelivered; the caller holds ``changed``."""
        self._waiting.extendleft((encoded, True, self._dies_at(encoded)) for encoded in reversed(encoded_messages))
        self._drop_surplus()
        self.changed.notify_all()

    def depth(self) -> int:
        """How many living encoded_messages wait; the caller holds ``changed``."""
        now = self._clock()
        return sum(now < dies_at for _, _, dies_at in self._waiting)

    @property
    def consumers(self) -> int:
        """Who takes from it; the caller holds ``changed``."""
        return self._consumers

    def joined(self) -> None:
        """A consumer came; the caller holds ``changed``."""
        self._consumers += 1

    def left(self) -> None:
        """A consumer went; the caller holds ``changed``."""
        self._consumers -= 1
        self._unused_since = self._clock()

    def outlived(self) -> bool:
        """Whether it has been without a consumer for longer than it may."""
        if self.spec.expires is None or self._consumers:
            return False
        return self._clock() >= self._unused_since + self.spec.expires

    def _dies_at(self, encoded: EncodedMessage) -> float:
        own = float("inf") if encoded.deadline is None or encoded.durable else encoded.deadline
        backstop = float("inf") if self.spec.message_ttl is None else self._clock() + self.spec.message_ttl
        return min(own, backstop)

    def _drop_surplus(self) -> None:
        if self.spec.overflow == "drop_oldest":
            while len(self._waiting) > self.spec.max_length:
                self._waiting.popleft()


class MemorySubscription:
    """A consumer of one ``MemoryQueue``."""

    def __init__(self, queue: MemoryQueue, prefetch: int) -> None:
        self._queue = queue
        self._prefetch = prefetch
        self._receipts = count(1)
        self._unsettled: dict[int, EncodedMessage] = {}
        self._interrupted = False

    def receive(self, limit: int, timeout: float) -> list[Delivery]:
        """See ``Subscription``."""
        queue = self._queue
        taken: list[tuple[EncodedMessage, bool]] = []

        def took_or_interrupted() -> bool:
            taken.extend(queue.take(min(limit, self._prefetch - len(self._unsettled))))
            return bool(taken) or self._interrupted

        with queue.changed:
            queue.changed.wait_for(took_or_interrupted, timeout)
            self._interrupted = False
            deliveries = [Delivery(encoded, again, next(self._receipts)) for encoded, again in taken]
            self._unsettled.update((delivery.receipt, delivery.encoded) for delivery in deliveries)
        return deliveries

    def settle(self, acked: Sequence[Delivery]) -> None:
        """See ``Subscription``."""
        with self._queue.changed:
            for delivery in acked:
                self._unsettled.pop(delivery.receipt, None)

    def problem(self) -> str | None:
        """See ``Subscription``: there is nobody who could refuse."""
        return None

    def interrupt(self) -> None:
        """See ``Subscription``."""
        with self._queue.changed:
            self._interrupted = True
            self._queue.changed.notify_all()

    def close(self) -> None:
        """Give back what is unsettled."""
        with self._queue.changed:
            self._queue.give_back(list(self._unsettled.values()))
            self._unsettled.clear()
            self._queue.left()
