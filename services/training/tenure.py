"""A worker's hold on its job, as the worker itself knows it."""

from __future__ import annotations

import time
from collections.abc import Callable

from shared.errors import ParleyError
from shared.follower import Follower
from shared.storage import jobs
from shared.storage.engine import Database
from shared.telemetry import logs

#: The lease is renewed so many times within its length.
_RENEWALS = 6

_log = logs.get(__name__)


class Tenure:
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
            self.cancelled = jobs.get(session, self._job_id).cancel_requested

    def _report(self, error: ParleyError) -> None:
        _log.warning(
            "lease not renewed; before it runs out training ends, to go on from its last checkpoint",
            job_id=self._job_id,
            reason=error.message,
        )
