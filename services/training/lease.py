"""The right to write for a job."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shared.storage import jobs
from shared.storage.engine import Database, Session


class LeaseLost(Exception):
    """The job was given to another worker, or has ended: whoever sees this stops at once and writes nothing."""


class Lease:
    """A claim on a running job; every write for the job goes through it.

    Args:
        database: Where the job is.
        job_id: The job.
        token: The secret that the claim was made with.
        clock: Unix seconds.
    """

    def __init__(self, database: Database, job_id: str, token: str, clock: Callable[[], float] = time.time) -> None:
        self.database = database
        self.job_id = job_id
        self.token = token
        self.clock = clock

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction in which the job is surely ours, from its begin to its commit.

        Raises:
            LeaseLost: It no longer is.
        """
        with self.database.transaction() as session:
            if not jobs.holds(session, self.job_id, self.token):
                raise LeaseLost(f"{self.job_id} is no longer ours")
            yield session
