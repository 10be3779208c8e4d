"""One attempt at a job: however it ends, the job's row and the exit status say so."""

from __future__ import annotations

import shutil
from pathlib import Path
from threading import Event

import torch

from services.training import job as pipeline
from services.training.exits import BROKEN, ENDED, INTERRUPTED
from services.training.fitting import Stopped
from services.training.journal import Journal
from services.training.lease import Lease, LeaseLost
from services.training.outbox import Outbox
from services.training.settings import TrainingSettings
from services.training.workshop import Workshop
from shared.artifacts.store import open_store
from shared.contracts.jobs import TrainingProgressed
from shared.errors import ParleyError, StorageFull, TrainingFailed, Unavailable, reason_of
from shared.full_disk import is_disk_full
from shared.storage import jobs
from shared.storage.engine import Session
from shared.telemetry import logs

_log = logs.get(__name__)


def attempt(lease: Lease, outbox: Outbox, settings: TrainingSettings, stopped: Event) -> int:
    """Run the pipeline, and turn however it ends into a state of the job and an exit status.

    Args:
        lease: Of the claimed job.
        outbox: To the supervisor.
        settings: Folders, threads, pace.
        stopped: Set when the process is told to stop.
    """
    torch.set_num_threads(settings.training_threads)
    journal = Journal(lease, outbox)
    shop = Workshop(
        lease=lease,
        store=open_store(settings.artifacts),
        folder=settings.workshop_of(lease.token),
        base_models=settings.opened_base_models,
        journal=journal,
        outbox=outbox,
        threads=settings.training_threads,
        checkpoint_seconds=settings.training_checkpoint_seconds,
        stopping=stopped.is_set,
    )
    try:
        pipeline.run(lease.read(lambda session: jobs.get(session, lease.job_id)), shop)
    except (Stopped, LeaseLost) as end:
        _log.info("attempt ends early", job_id=lease.job_id, reason=type(end).__name__)
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001  # whatever it is, its owner is told
        return _account_for(error, shop)
    return ENDED


def _account_for(error: Exception, shop: Workshop) -> int:
    job_id = shop.lease.job_id
    if is_disk_full(error):
        _log.error("a disk is full", job_id=job_id, folder=str(shop.folder), reason=reason_of(error))
        return _fail(shop.lease, shop.outbox, _without_room(shop.folder))
    if isinstance(error, ParleyError) and not error.retryable:
        return _fail(shop.lease, shop.outbox, error)
    if not isinstance(error, ParleyError):
        _log.exception("attempt broke", job_id=job_id)
    return _break(shop.journal, shop.lease, error)


def _without_room(folder: Path) -> TrainingFailed:
    taken = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) // 1_000_000
    # The database may lie on the same disk: it could not take down why the job ended.
    shutil.rmtree(folder, ignore_errors=True)
    return TrainingFailed(
        f"A disk is full: that of the job's own folder (PARLEY_TRAINING_FOLDER), where it had {taken} MB, or that of the "
        "artifacts. Make room, for instance by deleting models and files that nobody needs, then submit the job again.",
        code=StorageFull.default_code,
    )


def _fail(lease: Lease, outbox: Outbox, error: ParleyError) -> int:
    now = lease.clock()
    told = {"code": error.code, "message": error.message, "param": error.param}

    def write(session: Session) -> None:
        jobs.finish(session, lease.job_id, lease.token, "failed", now=now, error=told)
        jobs.add_event(session, lease.job_id, "error", "message", error.message, told, now)

    try:
        lease.write(write)
    except (LeaseLost, Unavailable):
        return INTERRUPTED
    outbox.send(TrainingProgressed(job_id=lease.job_id, status="failed"))
    return ENDED


def _break(journal: Journal, lease: Lease, error: Exception) -> int:
    try:
        journal.tell(f"The attempt broke: {reason_of(error)}.", level="warn")
    except (LeaseLost, ParleyError) as silenced:
        _log.warning("the broken attempt could not be noted", job_id=lease.job_id, reason=type(silenced).__name__)
    return BROKEN
