"""An alarm clock for requests: a thread that sleeps until the next deadline."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from threading import Condition, Thread


class Deadlines:
    """A thread that calls ``expire`` for each request at its time; it sleeps until the next one."""

    def __init__(self, expire: Callable[[str], None]) -> None:
        self._expire = expire
        self._changed = Condition()
        self._heap: list[tuple[float, str]] = []
        """Seconds of the monotonic clock, which nobody sets back, and request ids."""
        self._closed = False
        self._thread = Thread(target=self._run, name="request-deadlines", daemon=True)
        self._thread.start()

    def add(self, request_id: str, seconds: float) -> None:
        """Expire this one ``seconds`` from now."""
        with self._changed:
            heappush(self._heap, (time.monotonic() + seconds, request_id))
            if self._heap[0][1] == request_id:
                self._changed.notify()

    def close(self) -> None:
        """End the thread; nothing expires any more."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while (due := self._wait()) is not None:
            for request_id in due:
                self._expire(request_id)

    def _wait(self) -> list[str] | None:
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                if self._heap and self._heap[0][0] <= now:
                    return list(self._pop_until(now))
                self._changed.wait(self._heap[0][0] - now if self._heap else None)
        return None

    def _pop_until(self, now: float) -> Iterable[str]:
        while self._heap and self._heap[0][0] <= now:
            yield heappop(self._heap)[1]
