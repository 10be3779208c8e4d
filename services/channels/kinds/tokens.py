"""Access tokens that a platform lends for some hours, and would rather not be asked for with every message."""

from __future__ import annotations

import threading
from collections.abc import Callable

#: Seconds before its end at which a token is no longer used.
_EARLY = 300.0


class Tokens:
    """Keeps them. Safe to share between threads."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def get(self, name: str, now: float, ask: Callable[[], tuple[str, float]]) -> str:
        """The token of that name; ``ask`` fetches one, with the seconds that it is good for."""
        with self._lock:
            token, until = self._kept.get(name, ("", 0.0))
        if now >= until:
            token, seconds = ask()
            with self._lock:
                self._kept[name] = (token, now + seconds - _EARLY)
        return token

    def forget(self, name: str) -> None:
        """It was refused: the next message asks for another."""
        with self._lock:
            self._kept.pop(name, None)
