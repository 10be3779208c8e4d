"""Keeping a process in step with what the database says."""

from __future__ import annotations

import threading
from collections.abc import Callable

from shared.errors import ParleyError


class Follower:
    """Brings something up to date again and again; what cannot be read changes nothing, and is said once, not with every try.

    Args:
        update: One try.
        report: Is told of a failure that differs from the one before.
    """

    def __init__(self, update: Callable[[], None], report: Callable[[ParleyError], None]) -> None:
        self._update = update
        self._report = report
        self._lock = threading.Lock()
        self._failure = ""

    @property
    def failure(self) -> str | None:
        """Why the last try failed."""
        return self._failure or None

    def follow(self) -> None:
        """Try now. May be called from any thread: tries never overlap."""
        with self._lock:
            try:
                self._update()
            except ParleyError as error:
                known, self._failure = self._failure, error.message
                if known != error.message:
                    self._report(error)
            else:
                self._failure = ""
