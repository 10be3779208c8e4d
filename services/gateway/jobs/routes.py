"""``/v1/fine_tuning/jobs``."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header

from services.gateway.http.access.auth import TrainCaller
from services.gateway.http.bodies.schemas import EmptyRequest, Listing
from services.gateway.http.router import After, IdempotencyKey, Limit, MetadataFilter, resource
from services.gateway.jobs.objects import checkpoint_object, event_object, job_object
from services.gateway.jobs.schemas import CheckpointObject, CreateJob, EventObject, JobObject
from services.gateway.state import State
from shared.artifacts.layout import checkpoints_key
from shared.contracts.training.jobs import FINAL_STATUSES
from shared.errors import InvalidInput
from shared.storage.training import jobs

router = resource("Fine-tuning")

RetryCount = Annotated[int, Header(alias="x-stainless-retry-count", ge=0, include_in_schema=False)]


@router.post("/fine_tuning/jobs")
def create(
    body: CreateJob,
    state: State,
    caller: TrainCaller,
    idempotency_key: IdempotencyKey = None,
    retry_count: RetryCount = 0,
) -> JobObject:
    """Submit a job.

    With an `Idempotency-Key` a repeated request returns the first one's job. The official client repeats without one; it
    says so in `x-stainless-retry-count`, and then an equal job that this key submitted within the last minute is returned.
    """
    return job_object(state.submissions.submit(body, caller.key_id, idempotency_key, is_retry=retry_count > 0))


@router.get("/fine_tuning/jobs")
def list_jobs(
    state: State, _caller: TrainCaller, metadata: MetadataFilter, after: After = None, limit: Limit = 20
) -> Listing[JobObject]:
    """Jobs, newest first; `metadata[key]=value` keeps those that carry it."""
    with state.database.reading() as session:
        page = jobs.page(session, after=after, limit=limit, metadata=metadata)
    return Listing[JobObject].of([job_object(job) for job in page.items], has_more=page.has_more)


@router.get("/fine_tuning/jobs/{job_id}")
def retrieve(job_id: str, state: State, _caller: TrainCaller) -> JobObject:
    """One job."""
    with state.database.reading() as session:
        return job_object(jobs.get(session, job_id))


@router.post("/fine_tuning/jobs/{job_id}/cancel")
def cancel(job_id: str, state: State, _caller: TrainCaller, _body: EmptyRequest | None = None) -> JobObject:
    """Cancel a job: at once while it waits, within seconds while it runs. Repeating it is harmless."""
    with state.database.transaction() as session:
        before = jobs.get(session, job_id)
        if before.status in FINAL_STATUSES and before.status != "cancelled":
            raise InvalidInput(
                f"The job has {before.status}; only an unfinished job can be cancelled.", code="job_finished"
            )
        if before.status != "cancelled" and not before.cancel_requested:
            jobs.add_event(session, job_id, "info", "message", "Cancellation requested", {}, state.clock())
        job = jobs.request_cancel(session, job_id, state.clock())
    if job.status == "cancelled":  # nobody works at it who would do so
        state.store.delete(checkpoints_key(job_id))
    return job_object(job)


@router.post("/fine_tuning/jobs/{job_id}/pause")
def pause(job_id: str, state: State, _caller: TrainCaller, _body: EmptyRequest | None = None) -> JobObject:
    """Pause a job: at once while it waits, within seconds while it runs. It keeps its last checkpoint, and its worker is free."""
    with state.database.transaction() as session:
        if jobs.request_pause(session, job_id):
            jobs.add_event(session, job_id, "info", "message", "Pause requested", {}, state.clock())
        job = jobs.get(session, job_id)
    if job.status in FINAL_STATUSES:
        raise InvalidInput(f"The job has {job.status}; only an unfinished job can be paused.", code="job_finished")
    return job_object(job)


@router.post("/fine_tuning/jobs/{job_id}/resume")
def resume(job_id: str, state: State, _caller: TrainCaller, _body: EmptyRequest | None = None) -> JobObject:
    """Let a paused job go on from its last checkpoint, when a worker is free."""
    with state.database.transaction() as session:
        resumed = jobs.request_resume(session, job_id)
        if resumed:
            jobs.add_event(session, job_id, "info", "message", "Resumed", {}, state.clock())
        job = jobs.get(session, job_id)
    if job.status in FINAL_STATUSES:
        raise InvalidInput(f"The job has {job.status}; only a paused job can be resumed.", code="job_finished")
    if resumed and job.status == "queued":
        state.submissions.wake(job_id)
    return job_object(job)


@router.get("/fine_tuning/jobs/{job_id}/events")
def events(
    job_id: str, state: State, _caller: TrainCaller, after: After = None, limit: Limit = 20
) -> Listing[EventObject]:
    """What happened to a job, newest first."""
    with state.database.reading() as session:
        jobs.get(session, job_id)
        page = jobs.events(session, job_id, after=after, limit=limit)
    return Listing[EventObject].of([event_object(event) for event in page.items], has_more=page.has_more)


@router.get("/fine_tuning/jobs/{job_id}/checkpoints")
def checkpoints(
    job_id: str, state: State, _caller: TrainCaller, after: After = None, limit: Limit = 10
) -> Listing[CheckpointObject]:
    """The states that a job can be resumed from, newest first."""
    with state.database.reading() as session:
        jobs.get(session, job_id)
        page = jobs.checkpoints(session, job_id, after=after, limit=limit)
    return Listing[CheckpointObject].of([checkpoint_object(one) for one in page.items], has_more=page.has_more)
