"""One attempt at a job: however it ends, the job's row and the exit status say so."""

from __future__ import annotations

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
from shared.errors import ParleyError, reason_of
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
    except ParleyError as error:
        if not error.retryable:
            return _fail(lease, outbox, error)
        return _break(journal, lease, error)
    except Exception as error:  # noqa: BLE001  # whatever it is, the job is tried again and its owner told
        _log.exception("attempt broke", job_id=lease.job_id)
        return _break(journal, lease, error)
    return ENDED


def _fail(lease: Lease, outbox: Outbox, error: ParleyError) -> int:
    now = lease.clock()
    told = {"code": error.code, "message": error.message, "param": error.param}

    def write(session: Session) -> None:
        jobs.finish(session, lease.job_id, lease.token, "failed", now=now, error=told)
        jobs.add_event(session, lease.job_id, "error", "message", error.message, told, now)

    try:
        lease.write(write)
    except LeaseLost:
        return INTERRUPTED
    outbox.send(TrainingProgressed(job_id=lease.job_id, status="failed"))
    return ENDED


def _break(journal: Journal, lease: Lease, error: Exception) -> int:
    try:
        journal.tell(f"The attempt broke: {reason_of(error)}.", level="warn")
    except (LeaseLost, ParleyError) as silenced:
        _log.warning("the broken attempt could not be noted", job_id=lease.job_id, reason=type(silenced).__name__)
    return BROKEN
