"""Stored jobs in the shapes of the convention."""

from __future__ import annotations

from services.gateway.jobs.schemas import (
    CheckpointObject,
    EventObject,
    JobDetails,
    JobError,
    JobObject,
    MethodReply,
    Preference,
    PreferenceKnobs,
    Supervised,
)
from shared.contracts.training.jobs import JobSpec
from shared.contracts.training.objectives import Dpo
from shared.storage.tables.core import Job, JobCheckpoint, JobEvent


def job_object(job: Job) -> JobObject:
    """A job; times are whole seconds."""
    spec = job.spec
    return JobObject(
        id=job.id,
        created_at=int(job.created_at),
        finished_at=_seconds(job.finished_at),
        estimated_finish=_seconds(job.estimated_finish),
        model=spec.model,
        fine_tuned_model=job.fine_tuned_model,
        training_file=spec.training_file,
        validation_file=spec.validation_file,
        result_files=job.result_files,
        status="pausing" if job.status == "running" and job.pause_requested else job.status,
        trained_tokens=job.trained_tokens,
        seed=job.seed,
        hyperparameters=spec.hyperparameters,
        method=_method(spec),
        metadata=job.user_metadata,
        integrations=spec.integrations,
        error=JobError.model_validate(job.error) if job.error else None,
        suffix=spec.suffix,
        parley=JobDetails(
            task=spec.task,
            deployment=spec.slot,
            tuning=spec.tuning,
            objectives=spec.objectives,
            schedule=spec.schedule,
            export=spec.export,
            promotion=spec.promotion,
            scope=spec.scope,
            rare_labels=spec.rare_labels,
            architecture=spec.architecture,
            ensemble=spec.ensemble,
            search=spec.search,
            catalog=spec.catalog,
            attempt=job.attempt,
            started_at=_seconds(job.started_at),
            cancel_requested=job.cancel_requested,
        ),
    )


def _method(spec: JobSpec) -> MethodReply:
    """As the convention tells it: an objective that it calls a method is one."""
    objectives = () if spec.objectives == "auto" else spec.objectives
    preference = next((one for one in objectives if isinstance(one, Dpo)), None)
    if preference is None:
        return MethodReply(supervised=Supervised(hyperparameters=spec.hyperparameters))
    knobs = PreferenceKnobs(**spec.hyperparameters.model_dump(), beta=preference.beta)
    return MethodReply(type="dpo", dpo=Preference(hyperparameters=knobs))


def event_object(event: JobEvent) -> EventObject:
    """An event of a job."""
    return EventObject(
        id=event.id,
        created_at=int(event.created_at),
        level=event.level,
        message=event.message,
        type=event.type,
        data=event.data,
    )


def checkpoint_object(checkpoint: JobCheckpoint) -> CheckpointObject:
    """A checkpoint of a job. Its name is for people: checkpoints are resumed from, not served."""
    return CheckpointObject(
        id=checkpoint.id,
        created_at=int(checkpoint.created_at),
        fine_tuned_model_checkpoint=f"{checkpoint.job_id}:ckpt-step-{checkpoint.step_number}",
        fine_tuning_job_id=checkpoint.job_id,
        step_number=checkpoint.step_number,
        metrics=checkpoint.metrics,
    )


def _seconds(time: float | None) -> int | None:
    return None if time is None else int(time)
