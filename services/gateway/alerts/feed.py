"""Events from the bus to those who watch: one hub per process, one bounded queue per watcher."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from shared.errors import TooManyRequests, Unavailable

#: Events that wait for a slow watcher; beyond them it is let go, and may come back.
BACKLOG = 256


class Watcher:
    """One open event stream; it lives on the event loop that made it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._over = False

    async def events(self, patience: float) -> list[bytes] | None:
        """What has come, after at most ``patience`` seconds; ``None`` once the stream is over."""
        try:
            batch = [await asyncio.wait_for(self._queue.get(), patience)]
        except TimeoutError:
            return []
        while not self._queue.empty():
            batch.append(self._queue.get_nowait())
        return None if None in batch else [event for event in batch if event is not None]

    def offer(self, event: bytes | None) -> None:
        """Hand an event over, ``None`` to end the stream; from any thread."""
        self._loop.call_soon_threadsafe(self._put, event)

    def _put(self, event: bytes | None) -> None:
        if not self._over:
            self._over = event is None or self._queue.qsize() >= BACKLOG
            self._queue.put_nowait(None if self._over else event)


class EventHub:
    """Passes every event of a topic on to each who watches that.

    Args:
        limit: Watchers at once.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._watchers: dict[str, set[Watcher]] = {}
        self._open = 0
        self._closed = False
        self._lock = Lock()

    @contextmanager
    def watching(self, topic: str = "") -> Iterator[Watcher]:
        """A watcher for as long as its stream is open.

        Args:
            topic: What it hears of; most hubs have the one without a name.

        Raises:
            TooManyRequests: So many watch already.
            Unavailable: The gateway is going down.
        """
        watcher = Watcher()
        with self._lock:
            if self._closed:
                raise Unavailable("The gateway is shutting down; connect again.")
            if self._open >= self._limit:
                raise TooManyRequests(f"{self._limit} event streams are open already; close one.", retry_after=10.0)
            self._open += 1
            self._watchers.setdefault(topic, set()).add(watcher)
        try:
            yield watcher
        finally:
            with self._lock:
                self._open -= 1
                self._watchers[topic].discard(watcher)
                if not self._watchers[topic]:
                    del self._watchers[topic]

    def publish(self, event: bytes, topic: str = "") -> None:
        """Pass an event on; from any thread, never waits."""
        with self._lock:
            for watcher in self._watchers.get(topic, ()):
                watcher.offer(event)

    def close(self) -> None:
        """End every stream, and admit no new one."""
        with self._lock:
            self._closed = True
            for watcher in (one for watchers in self._watchers.values() for one in watchers):
                watcher.offer(None)
