"""Models of catalogs that are trained again by themselves, when they are old, or there is much that they never saw."""

from __future__ import annotations

from services.gateway.jobs.schemas import CreateJob
from services.gateway.jobs.submission import JobSubmission
from shared.contracts.training.jobs import FINAL_STATUSES, JobOptions, JobSpec, catalog_deployment
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
#: New events from which on their share about new items says something, and how many of the newest are looked at.
_FEWEST_FOR_DRIFT, _LOOKED_AT = 100, 5_000


def retrain_due(database: Database, submissions: JobSubmission, now: float) -> None:
    """Submit a job for each catalog whose model is due; several gateways that look at once submit one."""
    with database.reading() as session:
        due = [
            (catalog, reason, _request(session, catalog))
            for catalog in catalogs.with_rule(session)
            if (reason := _due(session, catalog, now)) is not None
        ]
    for catalog, reason, request in due:
        # Until a model has been ordered, all who look give the same name to their request, and the second finds the job of the first.
        name = f"retrain-{catalog.id}-{catalog.created_at:.0f}-{catalog.trained_version}"
        try:
            job = submissions.submit(request, catalog.key_id, name, is_retry=False)
        except ParleyError as error:
            _log.warning("a catalog cannot be trained by itself", catalog=catalog.id, reason=error.message)
            continue
        _log.info("a catalog is trained again", catalog=catalog.id, job=job.id, reason=reason)


def _due(session: Session, catalog: Catalog, now: float) -> str | None:
    """Why a model is trained again now, if it is: what has not changed since one was ordered needs no training."""
    if catalog.version == catalog.trained_version or _at_work(session, catalog):
        return None
    if catalog.retrain_seconds is not None:
        before = _before(session, catalog.id)
        age = now - (catalog.created_at if before is None else before.created_at)
        if age >= catalog.retrain_seconds:
            return f"the model is {age / 3600:.1f} hours old"
    new = catalogs.new_events(session, catalog, max(catalog.retrain_events or 0, _FEWEST_FOR_DRIFT))
    if catalog.retrain_events is not None and new >= catalog.retrain_events:
        return f"{new} new events"
    if catalog.retrain_drift is None or new < _FEWEST_FOR_DRIFT:
        return None
    share = catalogs.unseen_share(session, catalog, _LOOKED_AT)
    return f"{share:.0%} of new events are about new items" if share >= catalog.retrain_drift else None


def _at_work(session: Session, catalog: Catalog) -> bool:
    recent = jobs.page(session, limit=_LOOK_BACK).items
    return any(job.spec.catalog == catalog.id and job.status not in FINAL_STATUSES for job in recent)


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
