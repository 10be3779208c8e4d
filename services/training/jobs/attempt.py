"""One attempt at a job: however it ends, the job's row and the exit status say so."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from threading import Event

import torch

from services.training import pipeline
from services.training.fitting.loop import Stopped
from services.training.jobs.channel import Channel
from services.training.jobs.child import BROKEN, ENDED, INTERRUPTED
from services.training.jobs.context import AttemptContext
from services.training.jobs.events import JobEvents
from services.training.jobs.lease import JobLease, LeaseLost
from services.training.settings import TrainingSettings
from services.training.tracking.tracking import Tracking
from shared.artifacts.store import open_store
from shared.contracts.jobs import TrainingProgressed
from shared.errors import ParleyError, StorageFull, TrainingFailed, Unavailable, reason_of
from shared.full_disk import is_disk_full
from shared.storage import jobs
from shared.storage.engine import Session
from shared.telemetry import logs

_log = logs.get(__name__)


def attempt(lease: JobLease, channel: Channel, settings: TrainingSettings, stopped: Event) -> int:
    """Run the pipeline, and turn however it ends into a state of the job and an exit status.

    Args:
        lease: Of the claimed job.
        channel: To the supervisor.
        settings: Folders, threads, pace.
        stopped: Set when the process is told to stop.
    """
    torch.set_num_threads(settings.training_threads)
    events, folder = JobEvents(lease, channel), settings.attempt_folder(lease.token)
    tracking = Tracking(folder / "tracking", settings.destinations, partial(events.message, level="warn"))
    events.follow(tracking.follow)
    context = AttemptContext(
        lease=lease,
        store=open_store(settings.artifacts),
        folder=folder,
        base_models=settings.opened_base_models,
        events=events,
        tracking=tracking,
        channel=channel,
        threads=settings.training_threads,
        checkpoint_seconds=settings.training_checkpoint_seconds,
        stopping=stopped.is_set,
    )
    try:
        pipeline.run(lease.read(lambda session: jobs.get(session, lease.job_id)), context)
    except (Stopped, LeaseLost) as end:
        tracking.end("interrupted")
        _log.info("attempt ends early", job_id=lease.job_id, reason=type(end).__name__)
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001  # whatever it is, its owner is told
        tracking.end("failed")
        return _account_for(error, context)
    return ENDED


def _account_for(error: Exception, context: AttemptContext) -> int:
    job_id = context.lease.job_id
    if is_disk_full(error):
        _log.error("a disk is full", job_id=job_id, folder=str(context.folder), reason=reason_of(error))
        return _fail(context.lease, context.channel, _without_room(context.folder))
    if isinstance(error, ParleyError) and not error.retryable:
        return _fail(context.lease, context.channel, error)
    if not isinstance(error, ParleyError):
        _log.exception("attempt broke", job_id=job_id)
    return _break(context.events, context.lease, error)


def _without_room(folder: Path) -> TrainingFailed:
    taken = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) // 1_000_000
    # The database may lie on the same disk: it could not take down why the job ended.
    shutil.rmtree(folder, ignore_errors=True)
    return TrainingFailed(
        f"A disk is full: that of the job's own folder (PARLEY_TRAINING_FOLDER), where it had {taken} MB, or that of the "
        "artifacts. Make room, for instance by deleting models and files that nobody needs, then submit the job again.",
        code=StorageFull.default_code,
    )


def _fail(lease: JobLease, channel: Channel, error: ParleyError) -> int:
    now = lease.clock()
    details = {"code": error.code, "message": error.message, "param": error.param}

    def write(session: Session) -> None:
        jobs.finish(session, lease.job_id, lease.token, "failed", now=now, error=details)
        jobs.add_event(session, lease.job_id, "error", "message", error.message, details, now)

    try:
        lease.write(write)
    except (LeaseLost, Unavailable):
        return INTERRUPTED
    channel.send(TrainingProgressed(job_id=lease.job_id, status="failed"))
    return ENDED


def _break(events: JobEvents, lease: JobLease, error: Exception) -> int:
    try:
        events.message(f"The attempt broke: {reason_of(error)}.", level="warn")
    except (LeaseLost, ParleyError) as silenced:
        _log.warning("the broken attempt could not be noted", job_id=lease.job_id, reason=type(silenced).__name__)
    return BROKEN
