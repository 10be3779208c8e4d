"""Fine-tuning jobs: ``queued -> running -> succeeded | failed | cancelled``; a pause leads back to ``queued``.

A worker claims a job with a lease. Whoever writes for a job while it runs shows the token of the lease, so a worker
that was believed dead and comes back changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import JSON, ColumnElement, Update, and_, case, exists, func, literal, update
from sqlalchemy.sql.dml import ReturningUpdate
from sqlmodel import Session, col, select

from shared.contracts.training.jobs import FINAL_STATUSES, JobStatus
from shared.contracts.webhooks import WebhookEventType
from shared.errors import NotFound
from shared.storage import webhooks
from shared.storage.database.identity import new_id
from shared.storage.database.paging import Page, read_page
from shared.storage.database.statements import insert, is_postgresql, values
from shared.storage.tables.core import EventLevel, EventType, Job, JobCheckpoint, JobEvent

_EVENTS: Mapping[JobStatus, WebhookEventType] = {
    "succeeded": "fine_tuning.job.succeeded",
    "failed": "fine_tuning.job.failed",
    "cancelled": "fine_tuning.job.cancelled",
}


def add(session: Session, job: Job) -> Job:
    """Store a new job.

    Raises:
        AlreadyExists: The key has used this idempotency key before (when the transaction ends).
    """
    session.add(job)
    session.flush()
    return job


def get(session: Session, job_id: str) -> Job:
    """The job.

    Raises:
        NotFound: There is no such job.
    """
    job = session.get(Job, job_id)
    if job is None:
        raise NotFound(f"No fine-tuning job {job_id!r}.", param="fine_tuning_job_id")
    return job


def by_idempotency_key(session: Session, key_id: str, idempotency_key: str) -> Job | None:
    """The job that this API key has made with this idempotency key."""
    mine = (col(Job.key_id) == key_id, col(Job.idempotency_key) == idempotency_key)
    return session.exec(select(Job).where(*mine)).one_or_none()


def page(
    session: Session, *, after: str | None = None, limit: int = 20, metadata: Mapping[str, str] | None = None
) -> Page[Job]:
    """Jobs, newest first; with ``metadata`` only those that carry all of its pairs."""
    where = [_carries(session, key, value) for key, value in (metadata or {}).items()]
    return read_page(session, Job, *where, keys=("created_at", "id"), after=after, limit=limit, order="desc")


def _carries(session: Session, key: str, value: str) -> ColumnElement[bool]:
    """Looks the key up as a value: in a JSON path of SQLite some keys could not be spelled."""
    spread = func.json_each_text if is_postgresql(session) else func.json_each
    pairs = spread(col(Job.user_metadata)).table_valued("key", "value")
    return exists().where(pairs.c.key == key, pairs.c.value == value)


def claim(session: Session, *, token: str, now: float, lease_seconds: float, job_id: str | None = None) -> Job | None:
    """Take the oldest queued job, or ``job_id`` if that is queued; ``None`` if there is nothing to take."""
    oldest = select(Job.id).where(col(Job.status) == "queued").order_by(col(Job.created_at), col(Job.id)).limit(1)
    if job_id is not None:
        oldest = oldest.where(col(Job.id) == job_id)
    statement = (
        update(Job)
        .where(col(Job.id) == oldest.with_for_update(skip_locked=True).scalar_subquery(), col(Job.status) == "queued")
        .values(
            status="running",
            attempt=col(Job.attempt) + 1,
            started_at=now,
            lease_token=token,
            lease_expires_at=now + lease_seconds,
        )
        .returning(Job)
    )
    return session.scalars(statement).one_or_none()


def renew(session: Session, job_id: str, token: str, now: float, lease_seconds: float) -> bool:
    """Prolong the lease; ``False`` if it is lost, and the worker must stop."""
    return session.exec(_held(job_id, token).values(lease_expires_at=now + lease_seconds)).rowcount == 1


def holds(session: Session, job_id: str, token: str) -> bool:
    """Whether the lease is still held; it stays so until the transaction ends, so what it writes is guarded too."""
    held = select(Job.id).where(col(Job.id) == job_id, col(Job.lease_token) == token, col(Job.status) == "running")
    return session.exec(held.with_for_update()).one_or_none() is not None


def report(
    session: Session,
    job_id: str,
    token: str,
    *,
    estimated_finish: float | None = None,
    trained_tokens: int | None = None,
) -> bool:
    """Note how far a running job is; ``False`` if the lease is lost."""
    progress = {"estimated_finish": estimated_finish, "trained_tokens": trained_tokens}
    known = {name: value for name, value in progress.items() if value is not None}
    return session.exec(_held(job_id, token).values(known)).rowcount == 1


def finish(
    session: Session,
    job_id: str,
    token: str,
    status: JobStatus,
    *,
    now: float,
    error: Mapping[str, Any] | None = None,
    fine_tuned_model: str | None = None,
    trained_tokens: int | None = None,
    result_files: Sequence[str] = (),
) -> bool:
    """End a running job and give its lease back; ``False`` if the lease is lost, and nothing was changed.

    Args:
        session: The open transaction.
        job_id: The job.
        token: The token of its lease.
        status: ``succeeded``, ``failed`` or ``cancelled``.
        now: Unix seconds.
        error: ``code``, ``message`` and ``param`` of a failed job.
        fine_tuned_model: Id of the model of a successful job.
        trained_tokens: Tokens seen in training.
        result_files: Ids of the files it made.
    """
    if status not in FINAL_STATUSES:
        raise ValueError(f"{status} does not end a job")
    end = _ending(status, now) | {
        "error": error,
        "fine_tuned_model": fine_tuned_model,
        "trained_tokens": trained_tokens,
        "result_files": list(result_files),
    }
    ended = session.scalars(_held(job_id, token).values(end).returning(Job)).one_or_none()
    _tell(session, (ended,), now)
    return ended is not None


def request_cancel(session: Session, job_id: str, now: float) -> Job:
    """Ask for a job's end: a queued job is cancelled at once, a running one by its worker, an ended one stays as it is.

    Raises:
        NotFound: There is no such job.
    """
    waits = col(Job.status).in_(("validating_files", "queued", "paused"))
    changed = session.scalars(
        update(Job)
        .where(col(Job.id) == job_id, col(Job.status).not_in(FINAL_STATUSES))
        .values(
            cancel_requested=True,
            status=case((waits, "cancelled"), else_=col(Job.status)),
            finished_at=case((waits, now), else_=None),
        )
        .returning(Job)
    ).one_or_none()
    _tell(session, (changed,), now)
    job = get(session, job_id)
    session.refresh(job)
    return job


def request_pause(session: Session, job_id: str) -> bool:
    """Ask for a pause: a queued job is paused at once, a running one by its worker; ``False`` if it has ended or is paused."""
    waits = col(Job.status).in_(("validating_files", "queued"))
    changed = session.exec(
        update(Job)
        .where(
            col(Job.id) == job_id,
            col(Job.status).in_(("validating_files", "queued", "running")),
            ~col(Job.pause_requested),
        )
        .values(pause_requested=True, status=case((waits, "paused"), else_=col(Job.status)))
    )
    session.expire_all()
    return changed.rowcount == 1


def request_resume(session: Session, job_id: str) -> bool:
    """Let a job go on from where it was paused; ``False`` if it is not paused, nor about to be."""
    changed = session.exec(
        update(Job)
        .where(col(Job.id) == job_id, col(Job.status).in_(("paused", "running")), col(Job.pause_requested))
        .values(pause_requested=False, status=case((col(Job.status) == "paused", "queued"), else_=col(Job.status)))
    )
    session.expire_all()
    return changed.rowcount == 1


def release(
    session: Session, job_id: str, token: str, now: float, max_attempts: int, reason: str = "its training process died"
) -> Job | None:
    """Give back a running job that did not end: it is queued again, cancelled if asked, or failed after ``max_attempts``.

    Returns ``None`` if the lease is lost.
    """
    given = session.scalars(_give_back(_held(job_id, token), now, max_attempts, reason)).one_or_none()
    _tell(session, (given,), now)
    return given


def hand_back(session: Session, job_id: str, token: str, now: float) -> Job | None:
    """Give back a running job whose worker goes: as ``release``, but the attempt does not count and the job never fails.

    Returns ``None`` if the lease is lost.
    """
    given = session.scalars(_hand_back(_held(job_id, token), now)).one_or_none()
    _tell(session, (given,), now)
    return given


def release_expired(session: Session, now: float, max_attempts: int) -> list[Job]:
    """Give back every running job whose lease ran out, as ``release`` does. Returns them as they are now."""
    expired = update(Job).where(col(Job.status) == "running", col(Job.lease_expires_at) < now)
    given = list(session.scalars(_give_back(expired, now, max_attempts, "its worker fell silent")))
    _tell(session, given, now)
    return given


def hand_back_expired(session: Session, now: float, since: float, until: float) -> list[Job]:
    """Give back every running job whose lease ran out between two times, as ``hand_back`` does. Returns them as they are now."""
    expired = update(Job).where(col(Job.status) == "running", col(Job.lease_expires_at).between(since, until))
    given = list(session.scalars(_hand_back(expired, now)))
    _tell(session, given, now)
    return given


def counts(session: Session) -> dict[str, int]:
    """How many jobs there are of each status that is not final."""
    counted = select(Job.status, func.count()).where(col(Job.status).in_(("queued", "running"))).group_by(Job.status)
    return {str(status): count for status, count in session.exec(counted)}


def _tell(session: Session, changed: Iterable[Job | None], now: float) -> None:
    """Have webhook endpoints told of those that have ended."""
    for job in changed:
        if job is not None and job.status in FINAL_STATUSES:
            webhooks.emit(session, _EVENTS[job.status], {"id": job.id}, now)


def waiting(session: Session, older_than: float) -> list[str]:
    """Ids of the queued jobs made before ``older_than``, oldest first: their wake-up may have been lost."""
    queued = select(Job.id).where(col(Job.status) == "queued", col(Job.created_at) < older_than)
    return list(session.exec(queued.order_by(col(Job.created_at), col(Job.id))))


def add_event(
    session: Session,
    job_id: str,
    level: EventLevel,
    type: EventType,  # noqa: A002  # its name in the OpenAI convention
    message: str,
    data: Mapping[str, Any],
    now: float,
) -> JobEvent:
    """Tell what happened to a job; a worker asks ``holds`` first, in the same transaction."""
    event = JobEvent(
        id=new_id("ftevent-"),
        job_id=job_id,
        created_at=now,
        level=level,
        type=type,
        message=message,
        data=dict(data),
    )
    session.add(event)
    session.flush()
    return event


def events(session: Session, job_id: str, *, after: str | None = None, limit: int = 20) -> Page[JobEvent]:
    """The events of a job, newest first."""
    mine = col(JobEvent.job_id) == job_id
    return read_page(session, JobEvent, mine, keys=("seq",), after=after, limit=limit, order="desc")


def add_checkpoint(
    session: Session, job_id: str, step_number: int, metrics: Mapping[str, Any], folder: str, now: float
) -> None:
    """List a checkpoint whose folder is stored; a resumed job may write the same step again, the newer one stands."""
    row = JobCheckpoint(
        id=new_id("ftckpt-"),
        job_id=job_id,
        step_number=step_number,
        created_at=now,
        metrics=dict(metrics),
        folder=folder,
    )
    statement = insert(session, JobCheckpoint).values(values(row))
    newer = {"created_at": now, "metrics": row.metrics, "folder": folder}
    session.exec(statement.on_conflict_do_update(index_elements=["job_id", "step_number"], set_=newer))


def checkpoints(session: Session, job_id: str, *, after: str | None = None, limit: int = 10) -> Page[JobCheckpoint]:
    """The checkpoints of a job, latest step first."""
    mine = col(JobCheckpoint.job_id) == job_id
    return read_page(session, JobCheckpoint, mine, keys=("step_number",), after=after, limit=limit, order="desc")


def _held(job_id: str, token: str) -> Update:
    return update(Job).where(col(Job.id) == job_id, col(Job.lease_token) == token, col(Job.status) == "running")


def _ending(status: JobStatus, now: float) -> dict[str, Any]:
    return {
        "status": status,
        "finished_at": now,
        "estimated_finish": None,
        "lease_token": None,
        "lease_expires_at": None,
    }


def _hand_back(running: Update, now: float) -> ReturningUpdate[Job]:
    status = case((col(Job.cancel_requested), "cancelled"), (col(Job.pause_requested), "paused"), else_="queued")
    finished_at = case((col(Job.cancel_requested), now), else_=None)
    given = _ending("queued", now) | {"status": status, "finished_at": finished_at, "attempt": col(Job.attempt) - 1}
    return running.values(given).returning(Job)


def _give_back(running: Update, now: float, max_attempts: int, reason: str) -> ReturningUpdate[Job]:
    failed = (~col(Job.cancel_requested), col(Job.attempt) >= max_attempts)
    error = {
        "code": "attempts_exhausted",
        "message": f"Given up after {max_attempts} attempts; the last one ended because {reason}.",
        "param": None,
    }
    status = case(
        (col(Job.cancel_requested), "cancelled"),
        (and_(*failed), "failed"),
        (col(Job.pause_requested), "paused"),
        else_="queued",
    )
    return running.values(
        _ending("queued", now)
        | {
            "status": status,
            "finished_at": case((status.in_(("cancelled", "failed")), now), else_=None),
            "error": case((and_(*failed), literal(error, JSON())), else_=None),
        }
    ).returning(Job)
