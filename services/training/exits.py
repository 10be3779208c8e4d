"""The exit statuses by which a training process tells its supervisor how its attempt ended."""

from __future__ import annotations

ENDED = 0
"""The job has ended, well or badly; its row says how."""

BROKEN = 1
"""Something went wrong that may go well next time; the last event says what."""

INTERRUPTED = 75
"""It was told to stop, or lost its lease; it wrote nothing since. (``EX_TEMPFAIL`` of sysexits.h)"""
