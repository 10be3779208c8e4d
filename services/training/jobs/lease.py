"""The right to write for a job."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

from shared.errors import ParleyError
from shared.follower import Follower
from shared.retrying import retry_while_unavailable
from shared.storage.database.engine import Database, Session
from shared.storage.training import jobs
from shared.telemetry import logs

Result = TypeVar("Result")


class LeaseLost(Exception):
    """The job was given to another worker, or has ended: whoever sees this stops at once and writes nothing."""


class JobLease:
    """A claim on a running job; all that is read and written for the job goes through it, and outlasts an outage.

    Args:
        database: Where the job is.
        job_id: The job.
        token: The secret that the claim was made with.
        stopped: Set when there is no time any more to wait for a database that is away.
        clock: Unix seconds.
    """

    def __init__(
        self, database: Database, job_id: str, token: str, stopped: Event, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self.job_id = job_id
        self.token = token
        self.clock = clock
        self._stopped = stopped

    def read(self, action: Callable[[Session], Result]) -> Result:
        """What ``action`` finds; it is repeated while the database is away.

        Raises:
            Unavailable: The database is away, and we were told to stop.
        """

        def read() -> Result:
            with self._database.reading() as session:
                return action(session)

        return retry_while_unavailable(read, self._stopped)

    def write(self, action: Callable[[Session], object]) -> None:
        """Run ``action`` in a transaction in which the job is surely ours; it is repeated while the database is away.

        Raises:
            LeaseLost: The job no longer is ours.
            Unavailable: The database is away, and we were told to stop.
        """

        def write() -> None:
            with self._database.transaction() as session:
                if not jobs.holds(session, self.job_id, self.token):
                    raise LeaseLost(f"{self.job_id} is no longer ours")
                action(session)

        retry_while_unavailable(write, self._stopped)


#: The lease is renewed so many times within its length.
_RENEWALS = 6

_log = logs.get(__name__)


class LeaseKeeper:
    """Keeps a lease by looking into the database again and again; the rest answers at once, however slow that is.

    Args:
        database: Where the job is.
        job_id: The job.
        token: The secret that the claim was made with.
        seconds: Length of the lease.
        since: When the claim was made, at the latest, by ``clock``.
        clock: Seconds that only grow.

    Attributes:
        lost: Whether the job was given to another worker, or has ended.
        cancelled: Whether it is to be cancelled.
        paused: Whether it is to be paused.
    """

    def __init__(
        self,
        database: Database,
        job_id: str,
        token: str,
        seconds: float,
        since: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._job_id = job_id
        self._token = token
        self._seconds = seconds
        self._renewed = since
        self._clock = clock
        self._follower = Follower(self._update, self._report)
        self.lost = False
        self.cancelled = False
        self.paused = False

    def is_sure(self) -> bool:
        """Whether no other worker has the job or can have it before long: the lease has not nearly run out."""
        return self._clock() < self._renewed + self._seconds - self._seconds / _RENEWALS

    def look(self) -> None:
        """Renew the lease if it is time, and see whether the job is to be cancelled. Called from one thread."""
        self._follower.follow()

    def _update(self) -> None:
        now = self._clock()
        if now >= self._renewed + self._seconds / _RENEWALS:
            with self._database.transaction() as session:
                self.lost = not jobs.renew(session, self._job_id, self._token, time.time(), self._seconds)
            self._renewed = now
        with self._database.reading() as session:
            job = jobs.get(session, self._job_id)
        self.cancelled, self.paused = job.cancel_requested, job.pause_requested

    def _report(self, error: ParleyError) -> None:
        _log.warning(
            "lease not renewed; before it runs out training ends, to go on from its last checkpoint",
            job_id=self._job_id,
            reason=error.message,
        )
