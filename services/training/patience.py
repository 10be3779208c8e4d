"""Outlasting a database that is away: training takes hours, an outage minutes."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

from shared.errors import Unavailable
from shared.telemetry import logs

#: Seconds before the first repetition; doubled each time.
_FIRST_PAUSE = 0.1
#: Longest pause in seconds.
_LONGEST_PAUSE = 2.0

_log = logs.get(__name__)

Result = TypeVar("Result")


def outlast(action: Callable[[], Result], stopped: Event) -> Result:
    """Repeat ``action`` until the database is there for it. A try may have taken effect although it failed.

    Args:
        action: Whole transactions.
        stopped: Set when there is no time to wait any more.

    Raises:
        Unavailable: The database is away, and we were told to stop.
    """
    began, pause = time.monotonic(), _FIRST_PAUSE
    while True:
        try:
            result = action()
        except Unavailable as error:
            if pause == _FIRST_PAUSE:
                _log.warning("the database is away; tried again until it is back", reason=error.message)
            if stopped.wait(pause):
                raise
            pause = min(2 * pause, _LONGEST_PAUSE)
        else:
            if pause > _FIRST_PAUSE:
                _log.info("the database is back", seconds=round(time.monotonic() - began, 1))
            return result
