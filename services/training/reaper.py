"""Brings jobs back whose worker fell silent, and wakes workers for jobs whose wake-up was lost."""

from __future__ import annotations

import time
from collections.abc import Callable

from services.training.keys import checkpoints_key
from services.training.outages import Outages
from shared.artifacts.store import ArtifactStore
from shared.contracts.jobs import FINAL_STATUSES
from shared.messaging.tasks import JobQueue
from shared.storage import jobs
from shared.storage.engine import Database, Session
from shared.storage.tables import Job
from shared.telemetry import logs

#: Seconds between two rounds.
PERIOD_SECONDS = 5.0
#: Seconds that a job may be queued before its wake-up is sent again.
_WAKE_AFTER = 10.0
#: The pause between wake-ups for one job doubles up to so many seconds: a job may wait for hours behind another.
_LONGEST_PAUSE = 300.0

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
        self._pauses: dict[str, tuple[float, float]] = {}

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
                waiting = jobs.waiting(session, now - _WAKE_AFTER)
        self._pauses = {job_id: self._pauses.get(job_id, (now, _WAKE_AFTER)) for job_id in waiting}
        for job_id, (due, pause) in self._pauses.items():
            if now >= due:
                self._pauses[job_id] = (now + pause, min(2 * pause, _LONGEST_PAUSE))
                self._queue.wake(job_id)

    def _bring_back(self, now: float) -> None:
        with self._database.transaction() as session:
            spared = self._spare(session, now)
            silent = jobs.release_expired(session, now, self._attempts)
            for job in silent:
                _tell(session, job, f"Attempt {job.attempt} ended because its worker fell silent.", now)
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
            told = f"Attempt {job.attempt + 1} ended because the database was away; it does not count."
            _tell(session, job, told, now)
        return spared


def _tell(session: Session, job: Job, told: str, now: float) -> None:
    jobs.add_event(session, job.id, "warn", "message", told, {"status": job.status}, now)
