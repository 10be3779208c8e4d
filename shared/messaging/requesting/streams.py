"""The requests of one process whose answers have many parts."""

from __future__ import annotations

from threading import Lock

from shared.errors import TooManyRequests, Unavailable
from shared.messaging.requesting.reply_stream import ReplyStream
from shared.telemetry import metrics


class ReplyStreams:
    """Open answers by request id; thread-safe.

    Args:
        limit: How many there may be.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = Lock()
        self._streams: dict[str, ReplyStream] = {}
        self._closed = False

    def add(self, stream: ReplyStream) -> None:
        """One more. Raises ``TooManyRequests``, or ``Unavailable`` after ``close``."""
        with self._lock:
            if self._closed:
                raise Unavailable("the service is shutting down; send the request again")
            if len(self._streams) >= self._limit:
                raise TooManyRequests(f"{self._limit} answers are being streamed already; try again in a second")
            self._streams[stream.request_id] = stream
        metrics.PENDING_REQUESTS.inc()

    def get(self, request_id: str) -> ReplyStream | None:
        """The answer to a request, while more of it is expected."""
        return self._streams.get(request_id)

    def discard(self, request_id: str) -> None:
        """No more of it is expected."""
        with self._lock:
            known = self._streams.pop(request_id, None)
        if known is not None:
            metrics.PENDING_REQUESTS.dec()

    def close(self) -> None:
        """Fail all that are open, and refuse every later one."""
        with self._lock:
            self._closed = True
            streams = list(self._streams.values())
        for stream in streams:
            stream.fail(Unavailable("the service shut down before the answer was complete; send the request again"))
