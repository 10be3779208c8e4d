"""A process says in the database that it is there, what it lacks, and when its clock jumped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

from shared.background import Ticker
from shared.errors import ParleyError
from shared.storage import processes
from shared.storage.database.engine import Database
from shared.storage.monitoring import troubles
from shared.storage.tables.platform import Process
from shared.telemetry import logs, metrics
from shared.telemetry.clock_jumps import JUMP_SECONDS, ClockJumps
from shared.telemetry.health import Report
from shared.telemetry.unique import unique_id

#: Seconds between two words.
BEAT_SECONDS = 10.0

_log = logs.get(__name__)


class Presence:
    """What one process says of itself.

    Args:
        database: Where it says so.
        service: Its service.
        report: What it lacks.
        facts: What else is to be known of it.
        clock: Unix seconds.
        monotonic: Seconds that never jump.
    """

    def __init__(
        self,
        database: Database,
        service: str,
        report: Callable[[], Report],
        facts: Callable[[], Mapping[str, Any]] = dict,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._service = service
        self._report = report
        self._facts = facts
        self._clock = clock
        self._jumps = ClockJumps(clock(), monotonic())
        self._monotonic = monotonic
        self._version = version("parley")
        metrics.BUILD_INFO.labels(self._version).set(1)
        self._id = unique_id()
        self._started_at = self._said_at = clock()

    def say(self) -> None:
        """Say it now.

        Raises:
            Unavailable: The database is away; how long it was is noted once it is back.
        """
        now = self._clock()
        jumped = self._jumps.look(now, self._monotonic())
        with self._database.transaction() as session:
            processes.say(session, self._row(now))
            if jumped:
                detail = f"The clock of a process of {self._service} jumped by {jumped:+.0f} s; let its machine follow a time server (NTP)."
                troubles.note(session, "clock_jumped", now, now, detail, subject=self._service)
            elif now - self._said_at > processes.SILENT_SECONDS:
                detail = f"A process of {self._service} could not write to the database, or stood still."
                troubles.note(session, "database_away", self._said_at, now, detail, subject=self._service)
        if jumped:
            metrics.CLOCK_JUMPS.inc()
            _log.warning("the clock of this machine jumped", seconds=round(jumped, 1), tolerated=JUMP_SECONDS)
        self._said_at = now

    def _row(self, now: float) -> Process:
        return Process(
            id=self._id,
            service=self._service,
            version=self._version,
            started_at=self._started_at,
            seen_at=now,
            problems=self._report().problems,
            facts=dict(self._facts()),
        )

    def leave(self) -> None:
        """Take leave. A database that is away finds out by itself."""
        try:
            with self._database.transaction() as session:
                processes.leave(session, self._id)
        except ParleyError as error:
            _log.info("left without a word", reason=error.message)


@contextmanager
def present(
    database: Database, service: str, report: Callable[[], Report], facts: Callable[[], Mapping[str, Any]] = dict
) -> Iterator[None]:
    """Say while the context is open that a process of ``service`` is there."""
    presence = Presence(database, service, report, facts)
    presence.say()
    try:
        with Ticker(f"{service}-presence", presence.say, BEAT_SECONDS):
            yield
    finally:
        presence.leave()
