"""Trying again what is away for a moment: how long to wait before each try, and the loop around it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import TypeVar

from shared.errors import Unavailable
from shared.telemetry import logs

#: Doublings after which no pause grows any more; what is beyond would only overflow.
_MOST_DOUBLINGS = 16

_log = logs.get(__name__)

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses that double.

    Attributes:
        first: Seconds before the first repetition.
        longest: Seconds that a pause lasts at most.
    """

    first: float
    longest: float

    def pause(self, failures: int) -> float:
        """Seconds to wait after so many failed tries before this one."""
        return min(self.longest, self.first * 2.0 ** min(failures, _MOST_DOUBLINGS))


#: For a database that is away: training takes hours, an outage minutes.
_DATABASE = Backoff(first=0.1, longest=2.0)


def retry_while_unavailable(action: Callable[[], Result], stopped: Event, backoff: Backoff = _DATABASE) -> Result:
    """Repeat ``action`` until the database is there for it. A try may have taken effect although it failed.

    Args:
        action: Whole transactions.
        stopped: Set when there is no time to wait any more.
        backoff: The pauses.

    Raises:
        Unavailable: The database is away, and we were told to stop.
    """
    began, failures = time.monotonic(), 0
    while True:
        try:
            result = action()
        except Unavailable as error:
            if not failures:
                _log.warning("the database is away; tried again until it is back", reason=error.message)
            if stopped.wait(backoff.pause(failures)):
                raise
            failures += 1
        else:
            if failures:
                _log.info("the database is back", seconds=round(time.monotonic() - began, 1))
            return result
