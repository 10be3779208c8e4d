"""The requests of one process that wait for their reply."""

from __future__ import annotations

from concurrent.futures import Future
from threading import Lock

from shared.contracts.message import Message
from shared.errors import ParleyError, TooManyRequests, Unavailable
from shared.telemetry import metrics
from shared.telemetry.unique import unique_id


class Pending:
    """The requests that wait for their reply, by request id; thread-safe.

    Args:
        limit: How many there may be.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = Lock()
        self._futures: dict[str, Future[Message]] = {}
        self._closed = False

    def add(self) -> tuple[str, Future[Message]]:
        """A new request. Raises ``TooManyRequests``, or ``Unavailable`` after ``close``."""
        request_id, future = unique_id(), Future[Message]()
        with self._lock:
            if self._closed:
                raise Unavailable("the service is shutting down; send the request again")
            if len(self._futures) >= self._limit:
                raise TooManyRequests(f"{self._limit} requests wait for their reply already; try again in a second")
            self._futures[request_id] = future
        metrics.PENDING_REQUESTS.inc()
        future.add_done_callback(lambda _: self._forget(request_id))
        return request_id, future

    def finish(self, request_id: str, outcome: Message | ParleyError) -> None:
        """Complete a future; a second outcome, or one for a caller who left, is dropped."""
        with self._lock:
            future = self._futures.pop(request_id, None)
        if future is None:
            return
        metrics.PENDING_REQUESTS.dec()
        if not future.set_running_or_notify_cancel():
            return
        if isinstance(outcome, ParleyError):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)

    def close(self) -> None:
        """Fail all that still wait, and every later one."""
        with self._lock:
            self._closed = True
            waiting = list(self._futures)
        for request_id in waiting:
            self.finish(request_id, Unavailable("the service shut down before the reply came; send the request again"))

    def _forget(self, request_id: str) -> None:
        """The caller cancelled."""
        with self._lock:
            known = self._futures.pop(request_id, None)
        if known is not None:
            metrics.PENDING_REQUESTS.dec()
