"""What an operator reads of connections that an outage cut: one line that says what happens next."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Lock

from shared.storage.database.failures import reason
from shared.telemetry import logs

#: Seconds in which it is said once: a pool loses up to all of its connections at a time.
_QUIET_SECONDS = 60.0

_log = logs.get(__name__)


class BrokenConnections(logging.Filter):
    """For the logger of a connection pool, which would write a stack trace for each connection that it cannot close.

    Args:
        errors: What the driver raises when a connection is broken.
        clock: Seconds that only grow.
    """

    def __init__(self, *errors: type[BaseException], clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._errors = errors
        self._clock = clock
        self._lock = Lock()
        self._quiet_until: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell of such an error in place of the record; any other record is left as it is."""
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, self._errors):
            return True
        self.tell(error)
        return False

    def tell(self, error: BaseException | None) -> None:
        """Warn of a connection that was given up, unless that was done a moment ago."""
        self._say(
            "connections to the database broke; others are made as soon as the database answers, until then requests"
            " get 503 and jobs wait",
            getattr(error, "__cause__", None) or error,
        )

    def refused(self, error: BaseException) -> None:
        """Warn of a connection that could not be made because the server says no, unless that was done a moment ago."""
        self._say(
            "the database refuses connections; until it takes user, password and database of PARLEY_DATABASE_URL again,"
            " requests get 503 and jobs wait",
            error,
        )

    def _say(self, told: str, error: BaseException | None) -> None:
        with self._lock:
            now = self._clock()
            if now < self._quiet_until.get(told, now):
                return
            self._quiet_until[told] = now + _QUIET_SECONDS
        _log.warning(told, reason=f"{type(error).__name__}: {reason(error)}" if error else None)
