"""Models of catalogs that are trained again by themselves, when they are old and there is something new to learn."""

from __future__ import annotations

from services.gateway.jobs.schemas import CreateJob
from services.gateway.jobs.submission import JobSubmission
from shared.contracts.jobs import FINAL_STATUSES, JobOptions, JobSpec, catalog_deployment
from shared.errors import ParleyError
from shared.storage.database.engine import Database, Session
from shared.storage.knowledge import catalogs
from shared.storage.tables.catalogs import Catalog
from shared.storage.tables.core import Job
from shared.storage.training import jobs, models
from shared.telemetry import logs

_log = logs.get(__name__)

INTERVAL_SECONDS = 60.0
"""Seconds between two looks."""

#: What is trained first, if no job of the catalog has said otherwise.
_BASE = "minilm"
#: Jobs that are looked through for one of the catalog that is not done.
_LOOK_BACK = 100


def retrain_due(database: Database, submissions: JobSubmission, now: float) -> None:
    """Submit a job for each catalog whose model is due; several gateways that look at once submit one."""
    with database.reading() as session:
        due = [(catalog, _request(session, catalog)) for catalog in catalogs.with_schedule(session)]
    for catalog, request in due:
        if not _is_due(database, catalog, now):
            continue
        period = int(now // (catalog.retrain_seconds or now))
        try:
            submissions.submit(request, catalog.key_id, f"retrain-{catalog.id}-{period}", is_retry=False)
        except ParleyError as error:
            _log.warning("a catalog cannot be trained by itself", catalog=catalog.id, reason=error.message)
            continue
        with database.transaction() as session:
            catalogs.note_training(session, catalog.id, catalog.version)


def _is_due(database: Database, catalog: Catalog, now: float) -> bool:
    if catalog.version == catalog.trained_version or catalog.retrain_seconds is None:
        return False
    with database.reading() as session:
        before = _before(session, catalog.id)
        recent = jobs.page(session, limit=_LOOK_BACK).items
    began = catalog.created_at if before is None else before.created_at
    at_work = any(job.spec.catalog == catalog.id and job.status not in FINAL_STATUSES for job in recent)
    return now - began >= catalog.retrain_seconds and not at_work


def _before(session: Session, catalog_id: str) -> Job | None:
    """The job of the model in production."""
    model = models.production(session, catalog_deployment(catalog_id))
    job_id = None if model is None else models.get(session, model).job_id
    return None if job_id is None else jobs.get(session, job_id)


def _request(session: Session, catalog: Catalog) -> CreateJob:
    """The job that made the model in production, once more."""
    before = _before(session, catalog.id)
    if before is None:
        return CreateJob(model=_BASE, task="recommendation", catalog=catalog.id)
    return _again(before.spec, catalog.id)


def _again(spec: JobSpec, catalog_id: str) -> CreateJob:
    options = {name: getattr(spec, name) for name in JobOptions.model_fields}
    return CreateJob(
        model=spec.model,
        task="recommendation",
        catalog=catalog_id,
        hyperparameters=spec.hyperparameters,
        seed=spec.seed,
        **options,
    )
