"""Whether this machine and the database agree on the time of day."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import Connection, text

from shared.telemetry import logs

#: Seconds of difference that harm nobody: far less than a lease, or than callers wait.
TOLERANCE = 2.0

_log = logs.get(__name__)


def compare_clocks(connection: Connection, now: Callable[[], float] = time.time) -> None:
    """Warn if the clocks differ. Deadlines and leases are times of day, written by one machine and read by another.

    Args:
        connection: To PostgreSQL.
        now: Unix seconds, by this machine.
    """
    there = float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())
    ahead = now() - there
    if abs(ahead) > TOLERANCE:
        _log.warning(
            "the clocks of this machine and of the database differ: requests may expire before they are answered, and jobs be"
            " taken from workers that are alive; let every machine follow a time server (NTP)",
            seconds_ahead=round(ahead, 1),
        )
