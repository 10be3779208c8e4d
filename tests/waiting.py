"""Waiting for what happens in other threads and processes."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_for(
    condition: Callable[[], bool],
    seconds: float,
    what: str | Callable[[], str] = "what was waited for",
    pause: float = 0.05,
) -> float:
    """Poll until something is true; returns the seconds it took.

    Args:
        condition: What is waited for. If it can never come true, it may say so by raising.
        seconds: How long to wait.
        what: Its name; or a function that is asked when it did not come, and may tell more.
        pause: Seconds between two looks.

    Raises:
        AssertionError: It did not come true in time.
    """
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise AssertionError(f"not within {seconds:g} s: {what if isinstance(what, str) else what()}")
        time.sleep(pause)
    return time.monotonic() - began
