"""The life of a thread that consumes one queue: it subscribes, works, begins anew when something breaks, and ends when told."""

from __future__ import annotations

from abc import ABC, abstractmethod
from threading import Event, Thread
from types import TracebackType
from typing import Self

from shared.errors import reason_of
from shared.messaging.bus import Bus, Subscription
from shared.messaging.topology import QueueSpec
from shared.telemetry import logs

#: Seconds that an idle loop sleeps at most; messages and ``stop`` wake it at once.
IDLE = 300.0
#: Seconds before a loop that broke begins anew.
_PAUSE_AFTER_FAULT = 1.0

_log = logs.get(__name__)


class QueueLoop(ABC):
    """Consumes one queue: ``run`` in this thread, ``with`` in one of its own.

    Args:
        bus: Where the queue is.
        queue: What to consume.
        prefetch: Messages that may be unsettled at a time.
    """

    def __init__(self, bus: Bus, queue: QueueSpec, prefetch: int) -> None:
        self._bus = bus
        self._queue = queue
        self._prefetch = prefetch
        self._stopping = Event()
        self._subscribed = Event()
        self._subscription: Subscription | None = None
        self._thread: Thread | None = None

    @abstractmethod
    def _consume(self, subscription: Subscription) -> None:
        """Receive, handle and settle until ``_stopping`` is set."""

    def run(self) -> None:
        """Consume until ``stop``, or until a handler raises what is no ``Exception``, e.g. ``KeyboardInterrupt``."""
        while not self._stopping.is_set():
            try:
                with self._bus.subscribe(self._queue, self._prefetch) as subscription:
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
