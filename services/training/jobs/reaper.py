"""Brings jobs back whose worker fell silent, and wakes workers for jobs whose wake-up was lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shared.artifacts.layout import checkpoints_key
from shared.artifacts.store import ArtifactStore
from shared.contracts.training.jobs import FINAL_STATUSES
from shared.errors import Unavailable
from shared.messaging.celery.job_queue import JobQueue
from shared.retrying import Backoff
from shared.storage.database.engine import Database, Session
from shared.storage.tables.core import Job
from shared.storage.training import jobs
from shared.telemetry import logs

#: Seconds between two rounds.
PERIOD_SECONDS = 5.0
#: Between the wake-ups for a job that is queued: it may wait for hours behind another.
_WAKE_UPS = Backoff(first=10.0, longest=300.0)

_log = logs.get(__name__)


class Reaper:
    """One round of looking after jobs; every training process does it, which is harmless.

    Args:
        database: Where the jobs are.
        store: Where checkpoints are.
        queue: Told of jobs that wait.
        attempts: How often a job may be started.
        grace: Seconds after an outage of the database in which workers can renew their leases.
        clock: Unix seconds.
    """

    def __init__(
        self,
        database: Database,
        store: ArtifactStore,
        queue: JobQueue,
        attempts: int,
        grace: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._store = store
        self._queue = queue
        self._attempts = attempts
        self._grace = grace
        self._clock = clock
        self._outages = Outages(clock())
        self._wake_ups: dict[str, tuple[float, int]] = {}

    def round(self) -> None:
        """Bring back, then wake.

        Raises:
            Unavailable: Database or broker are away; the next round makes up for it.
        """
        now = self._clock()
        with self._outages.noticed(now):
            if self._outages.over_for(now) >= self._grace:
                self._bring_back(now)
            with self._database.reading() as session:
                waiting = jobs.waiting(session, now - _WAKE_UPS.first)
        self._wake_ups = {job_id: self._wake_ups.get(job_id, (now, 0)) for job_id in waiting}
        for job_id, (due, sent) in self._wake_ups.items():
            if now >= due:
                self._wake_ups[job_id] = (now + _WAKE_UPS.pause(sent), sent + 1)
                self._queue.wake(job_id)

    def _bring_back(self, now: float) -> None:
        with self._database.transaction() as session:
            spared = self._spare(session, now)
            silent = jobs.release_expired(session, now, self._attempts)
            for job in silent:
                _report(session, job, f"Attempt {job.attempt} ended because its worker fell silent.", now)
        for job in [*spared, *silent]:
            _log.warning("job brought back", job_id=job.id, attempt=job.attempt, status=job.status)
            if job.status in FINAL_STATUSES:
                self._store.delete(checkpoints_key(job.id))

    def _spare(self, session: Session, now: float) -> list[Job]:
        """A lease that ran out in or after an outage says nothing about the job or its worker."""
        outage = self._outages.last()
        if outage is None:
            return []
        began, back = outage
        spared = jobs.hand_back_expired(session, now, began, back + self._grace)
        for job in spared:
            message = f"Attempt {job.attempt + 1} ended because the database was away; it does not count."
            _report(session, job, message, now)
        return spared


def _report(session: Session, job: Job, message: str, now: float) -> None:
    jobs.add_event(session, job.id, "warn", "message", message, {"status": job.status}, now)


class Outages:
    """Remembers the last outage. Times are unix seconds.

    Args:
        now: The database answers at this moment; what went before is not known.
    """

    def __init__(self, now: float) -> None:
        self._answered = self._back = now
        self._away = False
        self._began: float | None = None

    @contextmanager
    def noticed(self, now: float) -> Iterator[None]:
        """Learn from whether the transactions inside succeed.

        Raises:
            Unavailable: They did not.
        """
        try:
            yield
        except Unavailable:
            self._away = True
            raise
        if self._away:
            self._away, self._began, self._back = False, self._answered, now
        self._answered = now

    def over_for(self, now: float) -> float:
        """Seconds for which the database has answered, as far as we know."""
        return 0.0 if self._away else now - self._back

    def last(self) -> tuple[float, float] | None:
        """From when it may have been away until when it surely was back; ``None`` if no outage was seen."""
        return None if self._began is None else (self._began, self._back)
