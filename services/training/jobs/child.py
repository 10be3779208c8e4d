"""The process that trains, seen from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import IO

from services.training.jobs.channel import received
from services.training.settings import TrainingSettings
from shared.contracts.message import Message
from shared.telemetry import logs

#: Seconds between being asked to end and being made to.
GRACE_SECONDS = 3.0


class Child:
    """A trainer in a process group of its own, so that nothing it started outlives it.

    Args:
        process: The running trainer.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """Process id, and id of its group."""
        return self._process.pid

    def wait(self, seconds: float) -> int | None:
        """The exit status, negative for a signal; ``None`` if it still runs after so many seconds."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        """Make it end at once."""
        self._signal(signal.SIGKILL)
        self._process.wait()

    def end(self) -> None:
        """Ask it to end, wait a little, and make it."""
        if self._process.poll() is None:
            self._signal(signal.SIGTERM)
            self.wait(GRACE_SECONDS)
        self.kill()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):  # the whole group has ended by itself
            os.killpg(self._process.pid, number)


@contextmanager
def training(
    job_id: str, token: str, settings: TrainingSettings, deliver: Callable[[Message], None]
) -> Iterator[Child]:
    """Start a trainer; on exit it and all that it started are gone, and what it had sent is delivered.

    Args:
        job_id: The claimed job.
        token: The token of the claim.
        settings: Handed on to it.
        deliver: Called, from another thread, with every message that it sends.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "services.training.jobs.child_main", job_id, token],
        env=settings.child_environment(),
        stdin=subprocess.PIPE,  # never written to: that it closes tells the trainer of our death
        stdout=subprocess.PIPE,
        stderr=logs.descriptor(),
        text=True,
        encoding="utf-8",
        process_group=0,
    )
    assert process.stdin is not None  # noqa: S101  # both asked for above
    assert process.stdout is not None  # noqa: S101
    reader = Thread(target=_deliver, args=(process.stdout, deliver), name="trainer-channel", daemon=True)
    reader.start()
    child = Child(process)
    try:
        yield child
    finally:
        child.end()
        reader.join()
        process.stdout.close()
        process.stdin.close()


def _deliver(stream: IO[str], deliver: Callable[[Message], None]) -> None:
    for message in received(stream):
        deliver(message)


ENDED = 0
"""The job has ended, well or badly; its row says how."""

BROKEN = 1
"""Something went wrong that may go well next time; the last event says what."""

INTERRUPTED = 75
"""It was told to stop, or lost its lease; it wrote nothing since. (``EX_TEMPFAIL`` of sysexits.h)"""
