"""Sees one job at a time through: claims it, watches the process that trains, and accounts for however that ends."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from threading import Event, Lock
from typing import Literal

from services.training.jobs.child import BROKEN, ENDED, INTERRUPTED, Child, training
from services.training.jobs.lease import LeaseKeeper
from services.training.settings import TrainingSettings
from shared.artifacts.layout import checkpoints_key
from shared.artifacts.store import ArtifactStore
from shared.background import Ticker
from shared.contracts.message import Message
from shared.contracts.training.jobs import FINAL_STATUSES, JobStatus, TrainingProgressed
from shared.errors import ParleyError, TrainingFailed, Unavailable
from shared.messaging.bus import Publisher
from shared.messaging.celery.job_queue import JobQueue
from shared.messaging.envelope import envelope
from shared.retrying import retry_while_unavailable
from shared.storage.database.engine import Database, Session
from shared.storage.tables.core import Job
from shared.storage.training import jobs
from shared.telemetry import logs, metrics, tracing

#: Seconds between two looks at the child and at the job.
_POLL_SECONDS = 0.5
#: Seconds that a child takes to exit once its job has ended.
_EXIT_SECONDS = 1.0

_NO_FOLDER = (
    "The training worker cannot write to the folder of its jobs (PARLEY_TRAINING_FOLDER): its log tells why. Make room there, or "
    "have it made writable, then submit the job again."
)

_log = logs.get(__name__)

Ending = Literal["exited", "cancelled", "paused", "overtime", "stopped", "lost", "cut_off", "no_folder"]
"""Why a child is no longer watched, or never was."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended.

    Attributes:
        ending: Why.
        status: Exit status of the child if it exited by itself, negative for a signal.
    """

    ending: Ending
    status: int = 0


class Supervisor:
    """Runs jobs, one at a time.

    Args:
        database: Where the jobs are.
        store: Where checkpoints are.
        publisher: For what watchers want to know.
        queue: Told of a job that has to be run again.
        settings: JobLease, limits, threads.
    """

    def __init__(
        self,
        database: Database,
        store: ArtifactStore,
        publisher: Publisher,
        queue: JobQueue,
        settings: TrainingSettings,
    ) -> None:
        self._database = database
        self._store = store
        self._publisher = publisher
        self._queue = queue
        self._settings = settings
        self._stopping = Event()
        self._turn = Lock()

    def run(self, job_id: str) -> None:
        """Make an attempt at a job, if it is still waiting; a doubled wake-up does nothing.

        Raises:
            Unavailable: The database is away.
        """
        with self._turn:
            if self._stopping.is_set():
                return
            token = secrets.token_hex(16)
            lease, since = self._settings.training_lease_seconds, time.monotonic()
            with self._database.transaction() as session:
                job = jobs.claim(session, token=token, now=time.time(), lease_seconds=lease, job_id=job_id)
            if job is not None:
                told = {"parley.task": job.spec.task, "parley.attempt": job.attempt}
                with tracing.hopping("training attempt", job.id, told):
                    self._attempt(job, token, LeaseKeeper(self._database, job.id, token, lease, since))

    def stop(self) -> None:
        """End the job under way soon, with a checkpoint, and take no other; it waits for the next worker."""
        self._stopping.set()

    def _attempt(self, job: Job, token: str, keeper: LeaseKeeper) -> None:
        _log.info("job claimed", job_id=job.id, attempt=job.attempt)
        self._publish(TrainingProgressed(job_id=job.id, status="running"))
        started = time.monotonic()
        with Ticker("lease", keeper.look, _POLL_SECONDS):
            outcome = self._train(job, token, keeper)
        try:
            status = retry_while_unavailable(lambda: self._account_for(outcome, job, token), self._stopping)
        except Unavailable as error:
            _log.warning(
                "job left to the reaper, which does not count the attempt", job_id=job.id, reason=error.message
            )
            return
        _log.info("attempt over", job_id=job.id, attempt=job.attempt, ending=outcome.ending, status=status)
        if status in FINAL_STATUSES:
            metrics.JOBS_FINISHED.labels(status).inc()
            metrics.JOB_SECONDS.observe(time.monotonic() - started)
            self._store.delete(checkpoints_key(job.id))

    def _train(self, job: Job, token: str, keeper: LeaseKeeper) -> Outcome:
        folder = self._settings.attempt_folder(token)
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            _log.error("the folder of a job cannot be made", job_id=job.id, folder=str(folder), reason=str(error))
            return Outcome("no_folder")
        try:
            with training(job.id, token, self._settings, self._publish) as child:
                return self._watch(child, keeper)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _watch(self, child: Child, keeper: LeaseKeeper) -> Outcome:
        """Let the child work while the job is ours; returns when it has exited or must not go on."""
        limit = time.monotonic() + self._settings.training_limit_seconds
        while (status := child.wait(_POLL_SECONDS)) is None:
            if self._stopping.is_set():
                return Outcome("stopped")
            if time.monotonic() >= limit:
                return Outcome("overtime")
            if keeper.cancelled:
                return Outcome("cancelled")
            if keeper.paused:
                return Outcome("paused")
            if keeper.lost:
                # Or the child has just ended the job, and with it the lease; then it is about to exit.
                has_ended = child.wait(_EXIT_SECONDS) == ENDED
                return Outcome("exited" if has_ended else "lost")
            if not keeper.is_sure():
                # Soon another worker may have the job, and it must not run twice at once. To halt the child until the
                # lease is renewed would not do: in the midst of a transaction it would keep us from renewing it.
                child.kill()
                return Outcome("cut_off")
        return Outcome("exited", status)

    def _account_for(self, outcome: Outcome, job: Job, token: str) -> JobStatus:
        """Write down what came of an attempt; the status that the job has then."""
        if outcome.ending == "cancelled":
            return self._finish(job, token, "cancelled", "The job was cancelled.", None)
        if outcome.ending == "overtime":
            hours = self._settings.training_limit_seconds / 3600
            message = f"Training took longer than {hours:g} hours. Use fewer rows or epochs, or raise the limit."
            return self._finish(job, token, "failed", message, "time_limit_exceeded")
        if outcome.ending == "no_folder":
            return self._finish(job, token, "failed", _NO_FOLDER, TrainingFailed.default_code)
        if outcome.ending == "paused":
            return self._give_back(job, token, "the job was paused", jobs.hand_back)
        if outcome.ending == "stopped":
            return self._give_back(job, token, "its worker was stopped", jobs.hand_back)
        if outcome.ending == "cut_off":
            return self._give_back(job, token, "the database was away; it does not count", jobs.hand_back)
        if outcome.ending == "exited" and outcome.status != ENDED:
            reason = died_of(outcome.status)
            release = partial(jobs.release, max_attempts=self._settings.training_attempts, reason=reason)
            return self._give_back(job, token, reason, release)
        return self._status(job.id)

    def _finish(self, job: Job, token: str, status: JobStatus, message: str, code: str | None) -> JobStatus:
        now = time.time()
        error = {"code": code, "message": message, "param": None} if code else None
        with self._database.transaction() as session:
            if jobs.finish(session, job.id, token, status, now=now, error=error):
                jobs.add_event(session, job.id, "error" if error else "warn", "message", message, error or {}, now)
        self._publish(TrainingProgressed(job_id=job.id, status=status))
        return self._status(job.id)

    def _give_back(
        self, job: Job, token: str, reason: str, release: Callable[[Session, str, str, float], Job | None]
    ) -> JobStatus:
        now = time.time()
        with self._database.transaction() as session:
            given = release(session, job.id, token, now)
            if given is not None:
                message = f"Attempt {job.attempt} ended because {reason}."
                jobs.add_event(session, job.id, "warn", "message", message, {"status": given.status}, now)
        status = self._status(job.id)
        self._publish(TrainingProgressed(job_id=job.id, status=status))
        if status == "queued":
            with suppress(Unavailable):  # the reaper sends wake-ups again
                self._queue.wake(job.id)
        return status

    def _status(self, job_id: str) -> JobStatus:
        with self._database.reading() as session:
            return jobs.get(session, job_id).status

    def _publish(self, message: Message) -> None:
        try:
            self._publisher.publish([envelope(message)])
        except ParleyError as error:  # only a wake-up: those who wait for it also look into the database
            _log.warning("not published", type=message.TYPE, reason=error.message)


def died_of(status: int) -> str:
    """The end of a training process in words, from its exit status."""
    if status == -9:
        return "its process was killed (SIGKILL), probably for lack of memory"
    if status < 0:
        return f"its process was ended by signal {-status}"
    if status == BROKEN:
        return "something broke in it; see the event before"
    if status == INTERRUPTED:
        return "its process was told to stop"
    return f"its process exited with status {status}"
