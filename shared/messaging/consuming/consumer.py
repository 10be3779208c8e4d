"""The one loop that every service runs: receive, decode, handle, send, settle.

Every message that enters ends settled: handled and its answer sent, or its caller told why not, or kept as a dead
letter. One that fails for the moment waits beside the loop, unsettled, and holds up no other. Whatever is unsettled
when the loop ends comes back to the queue.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from shared.messaging.bus import Bus, Delivery, Publisher, Subscription
from shared.messaging.consuming.dead_letters import Mask, mask_customer_text
from shared.messaging.consuming.dispatcher import Dispatcher
from shared.messaging.consuming.handlers import Handlers
from shared.messaging.consuming.in_flight import InFlight
from shared.messaging.consuming.loop import IDLE, QueueLoop
from shared.messaging.topology import QueueSpec
from shared.telemetry import metrics


class Consumer(QueueLoop):
    """Consumes one queue: ``run`` in this thread, ``with Consumer(...)`` in one of its own.

    Args:
        bus: Where the queue is.
        queue: What to consume.
        handlers: Which handler each message type has.
        publisher: Sends answers, failures and dead letters.
        batch_size: Messages handled together at most; the loop takes what is at hand and never waits for more.
        mask: Makes bodies fit for the dead letters.
        clock: Unix seconds.
    """

    def __init__(
        self,
        bus: Bus,
        queue: QueueSpec,
        handlers: Handlers,
        *,
        publisher: Publisher,
        batch_size: int = 64,
        mask: Mask = mask_customer_text,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(bus, queue, batch_size)
        self._batch_size = batch_size
        self._clock = clock
        self._dispatcher = Dispatcher(queue.name, handlers, publisher, mask, clock)
        self._waiting: list[InFlight] = []

    def _consume(self, subscription: Subscription) -> None:
        self._waiting.clear()  # unsettled when the subscription before this one broke: it comes again
        while not self._stopping.is_set():
            deliveries = subscription.receive(self._batch_size, self._patience())
            in_flight = [self._task(delivery) for delivery in deliveries]
            in_flight += self._due()
            if in_flight:
                started = time.perf_counter()
                finished = self._dispatcher.work(in_flight)
                subscription.settle([item.delivery for item in finished])
                done = {item.delivery.receipt for item in finished}
                self._waiting += [item for item in in_flight if item.delivery.receipt not in done]
                metrics.BATCH_SIZE.labels(self._queue.name).observe(len(in_flight))
                metrics.MESSAGE_SECONDS.labels(self._queue.name).observe(time.perf_counter() - started)

    def _patience(self) -> float:
        if not self._waiting:
            return IDLE
        return max(0.0, min(item.due for item in self._waiting) - self._clock())

    def _task(self, delivery: Delivery) -> InFlight:
        if delivery.redelivered:
            # After a reconnect the broker brings again what waits here already: go on with that, under its new receipt.
            for item in self._waiting:
                if item.encoded.message_id == delivery.encoded.message_id:
                    self._waiting.remove(item)
                    item.delivery = delivery
                    return item
        return InFlight(delivery)

    def _due(self) -> list[InFlight]:
        now = self._clock()
        due = [item for item in self._waiting if item.due <= now]
        self._waiting = [item for item in self._waiting if item.due > now]
        return due
