"""One attempt at a job: however it ends, the job's row and the exit status say so."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event

import torch

from services.training import pipeline
from services.training.fitting.group import together
from services.training.fitting.loop import Stopped
from services.training.jobs.channel import Channel
from services.training.jobs.child import BROKEN, ENDED, INTERRUPTED
from services.training.jobs.context import AttemptContext
from services.training.jobs.events import JobEvents, SilentEvents
from services.training.jobs.followers import following
from services.training.jobs.lease import JobLease, LeaseLost
from services.training.settings import TrainingSettings
from services.training.tracking.tracking import Tracking
from shared.artifacts.store import open_store
from shared.contracts.training.jobs import TrainingProgressed
from shared.errors import ParleyError, StorageFull, TrainingFailed, Unavailable, reason_of
from shared.full_disk import is_disk_full
from shared.storage.database.engine import Session
from shared.storage.tables.core import Job
from shared.storage.training import jobs
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
        job = lease.read(lambda session: jobs.get(session, lease.job_id))
        with _in_company(job, context, settings) as company:
            pipeline.run(job, company)
    except (Stopped, LeaseLost) as end:
        tracking.end("interrupted")
        _log.info("attempt ends early", job_id=lease.job_id, reason=type(end).__name__)
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001  # whatever it is, its owner is told
        tracking.end("failed")
        return _account_for(error, context)
    return ENDED


@contextmanager
def _in_company(job: Job, context: AttemptContext, settings: TrainingSettings) -> Iterator[AttemptContext]:
    """The surroundings with all processes that the job asks for."""
    size = job.spec.schedule.devices
    torch.set_num_threads(max(1, settings.training_threads // size))
    if size == 1:
        yield context
        return
    if 0 < torch.cuda.device_count() < size:
        raise TrainingFailed(
            f"The worker has {torch.cuda.device_count()} GPUs, and {size} are asked for. Lower schedule.devices.",
            param="schedule.devices",
        )

    def lost(reason: str) -> None:
        _break(context.events, context.lease, RuntimeError(reason))
        os._exit(BROKEN)

    with following(job.id, context.lease.token, size, settings, lost) as port, together(0, size, port) as group:
        context.events.message(f"{size} processes train side by side, each a share of every batch.", {"devices": size})
        yield replace(context, group=group)


def follow(
    lease: JobLease, settings: TrainingSettings, folder: Path, stopped: Event, place: tuple[int, int, int]
) -> int:
    """Train along as process ``place`` (rank, size, port), in a folder of its own; the exit status is that of who has no more to say."""
    rank, size, port = place
    torch.set_num_threads(max(1, settings.training_threads // size))
    with Path(os.devnull).open("w", encoding="utf-8") as nobody:
        channel = Channel(nobody)
        events = SilentEvents(lease, channel)
        context = AttemptContext(
            lease=lease,
            store=open_store(settings.artifacts),
            folder=folder,
            base_models=settings.opened_base_models,
            events=events,
            tracking=Tracking(folder / "tracking", settings.destinations, events.message),
            channel=channel,
            threads=settings.training_threads,
            checkpoint_seconds=settings.training_checkpoint_seconds,
            stopping=stopped.is_set,
        )
        try:
            with together(rank, size, port) as group:
                job = lease.read(lambda session: jobs.get(session, lease.job_id))
                pipeline.run(job, replace(context, group=group))
        except (pipeline.Followed, Stopped, LeaseLost, ParleyError) as end:
            _log.info("training along ends", job_id=lease.job_id, rank=rank, reason=type(end).__name__)
        except Exception:  # noqa: BLE001  # the first process meets it too, and tells
            _log.exception("training along broke", job_id=lease.job_id, rank=rank)
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
