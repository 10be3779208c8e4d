"""The one loop that every service runs: receive, decode, handle, send, settle.

Every message that enters ends settled: handled and its answer sent, or its caller told why not, or kept as a dead
letter. One that fails for the moment waits beside the loop, unsettled, and holds up no other. Whatever is unsettled
when the loop ends comes back to the queue.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType
from typing import Self

from shared.errors import reason_of
from shared.messaging.bus import Bus, Delivery, Publisher, Subscription
from shared.messaging.consuming.dead_letters import Mask, mask_customer_text
from shared.messaging.consuming.dispatcher import Dispatcher
from shared.messaging.consuming.handlers import Handlers
from shared.messaging.consuming.in_flight import InFlight
from shared.messaging.topology import QueueSpec
from shared.telemetry import logs, metrics

#: Seconds that an idle loop sleeps at most; messages and ``stop`` wake it at once.
_IDLE = 300.0
#: Seconds before a loop that broke begins anew.
_PAUSE_AFTER_FAULT = 1.0

_log = logs.get(__name__)


class Consumer:
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
        self._bus = bus
        self._queue = queue
        self._batch_size = batch_size
        self._clock = clock
        self._dispatcher = Dispatcher(queue.name, handlers, publisher, mask, clock)
        self._waiting: list[InFlight] = []
        self._stopping = Event()
        self._subscribed = Event()
        self._subscription: Subscription | None = None
        self._thread: Thread | None = None

    def run(self) -> None:
        """Consume until ``stop``, or until a handler raises what is no ``Exception``, e.g. ``KeyboardInterrupt``."""
        while not self._stopping.is_set():
            self._waiting.clear()
            try:
                with self._bus.subscribe(self._queue, self._batch_size) as subscription:
                    self._subscription = subscription
                    self._subscribed.set()
                    self._consume(subscription)
            except Exception as error:  # noqa: BLE001  # a loop that died would leave every caller waiting
                _log.error("consumer begins anew", queue=self._queue.name, reason=reason_of(error))
                self._subscribed.set()  # who starts it must not wait for ever: it could not even be told to stop
                self._stopping.wait(_PAUSE_AFTER_FAULT)

    def stop(self) -> None:
        """End the loop after the batch under way. From any thread."""
        self._stopping.set()
        if self._subscription is not None:
            self._subscription.interrupt()

    @property
    def alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def problem(self) -> str | None:
        """For health checks: what is wrong, if its thread has ended."""
        return None if self.alive else f"the {self._queue.name} consumer has ended; restart the process"

    def refusal(self) -> str | None:
        """For readiness: why the broker gives it nothing, though the thread runs; a restart does not mend that."""
        return self._subscription.problem() if self._subscription is not None else None

    def __enter__(self) -> Self:
        self._thread = Thread(target=self._run_in_thread, name=f"{self._queue.name}-consumer", daemon=True)
        self._thread.start()
        self._subscribed.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._thread is not None:
            self._thread.join()

    def _run_in_thread(self) -> None:
        try:
            self.run()
        except BaseException as error:  # noqa: BLE001  # above a thread there is nobody to see it
            _log.critical("consumer ended", queue=self._queue.name, reason=type(error).__name__)
        finally:
            self._subscribed.set()

    def _consume(self, subscription: Subscription) -> None:
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
            return _IDLE
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
