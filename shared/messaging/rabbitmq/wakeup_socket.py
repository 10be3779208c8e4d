"""Wakes a thread that waits on a socket."""

from __future__ import annotations

import contextlib
import selectors
import socket


class WakeupSocket:
    """A pair of sockets: one end is written by whoever has news, the other stands beside the broker's in the selector."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.settimeout(0)
        self._writer.settimeout(0)

    def fileno(self) -> int:
        """For selectors."""
        return self._reader.fileno()

    def wake(self) -> None:
        """Make the present or next wait return. From any thread."""
        # Full: it is awake already. Closed: nobody waits any more.
        with contextlib.suppress(OSError):
            self._writer.send(b"\0")

    def clear(self) -> bool:
        """Whether it was woken since the last call."""
        try:
            return bool(self._reader.recv(4096))
        except BlockingIOError:
            return False

    def sleep(self, seconds: float) -> None:
        """Wait, unless woken; does not clear."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._reader, selectors.EVENT_READ)
            selector.select(seconds)

    def close(self) -> None:
        """Let the sockets go."""
        self._reader.close()
        self._writer.close()
