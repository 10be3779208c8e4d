"""The right to write for a job."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

from services.training.patience import outlast
from shared.storage import jobs
from shared.storage.engine import Database, Session

Result = TypeVar("Result")


class LeaseLost(Exception):
    """The job was given to another worker, or has ended: whoever sees this stops at once and writes nothing."""


class Lease:
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

        return outlast(read, self._stopped)

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

        outlast(write, self._stopped)
