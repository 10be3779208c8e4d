"""``/v1/fine_tuning/jobs``."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from services.gateway.http.schemas import Body, Metadata, Name, Reply, Resource
from shared.contracts.ensembles import Ensemble
from shared.contracts.integrations import Integrations
from shared.contracts.jobs import (
    Architecture,
    Hyperparameters,
    JobOptions,
    JobStatus,
    Objectives,
    Promotion,
    RareLabels,
    Schedule,
    ScopeCosts,
)
from shared.contracts.searches import Search
from shared.contracts.tasks import TaskChoice
from shared.contracts.tunings import Tuning


class Supervised(Body):
    """Options of supervised fine-tuning."""

    hyperparameters: Hyperparameters = Hyperparameters()


class Method(Body):
    """How to tune. Preference and reinforcement tuning are refused."""

    type: Literal["supervised", "dpo", "reinforcement"]
    supervised: Supervised = Supervised()
    dpo: Any = None
    reinforcement: Any = None

    @model_validator(mode="after")
    def _only_supervised(self) -> Self:
        if self.type != "supervised":
            raise ValueError(f"'{self.type}' is not supported; use 'supervised'")
        return self


class CreateJob(JobOptions, Body):
    """A fine-tuning job as the convention has it, with the options of ours."""

    task: TaskChoice = "auto"
    """What the model is for; ``auto``: what the rows of the training file are labelled for."""
    model: Name
    training_file: Name
    validation_file: Name | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    metadata: Metadata | None = None
    method: Method | None = None
    hyperparameters: Hyperparameters | None = None
    """The convention's old place; ``method`` wins."""

    @property
    def knobs(self) -> Hyperparameters:
        """The hyperparameters, wherever they were given."""
        return self.method.supervised.hyperparameters if self.method else self.hyperparameters or Hyperparameters()


class JobError(Reply):
    """Why a job failed."""

    code: str
    message: str
    param: str | None = None


class MethodReply(Reply):
    """The method with its resolved options."""

    type: Literal["supervised"] = "supervised"
    supervised: Supervised


class JobDetails(Reply):
    """What the convention has no field for."""

    task: str
    deployment: str
    tuning: Tuning
    objectives: Objectives
    schedule: Schedule
    promotion: Promotion
    scope: ScopeCosts
    rare_labels: RareLabels
    architecture: Architecture | None
    ensemble: Ensemble | None
    search: Search | None
    attempt: int
    started_at: int | None
    cancel_requested: bool


class JobObject(Resource):
    """A fine-tuning job."""

    object: Literal["fine_tuning.job"] = "fine_tuning.job"
    created_at: int
    finished_at: int | None
    estimated_finish: int | None
    model: str
    fine_tuned_model: str | None
    organization_id: Literal["parley"] = "parley"
    training_file: str
    validation_file: str | None
    result_files: list[str]
    status: JobStatus
    trained_tokens: int | None
    seed: int
    hyperparameters: Hyperparameters
    method: MethodReply
    metadata: dict[str, str]
    integrations: Integrations
    error: JobError | None
    suffix: str | None
    parley: JobDetails


class EventObject(Resource):
    """Something that happened to a job; ``data`` holds the figures of a ``metrics`` event."""

    object: Literal["fine_tuning.job.event"] = "fine_tuning.job.event"
    created_at: int
    level: Literal["info", "warn", "error"]
    message: str
    type: Literal["message", "metrics"]
    data: dict[str, Any]


class CheckpointObject(Resource):
    """A state that the job can be resumed from."""

    object: Literal["fine_tuning.job.checkpoint"] = "fine_tuning.job.checkpoint"
    created_at: int
    fine_tuned_model_checkpoint: str
    fine_tuning_job_id: str
    step_number: int
    metrics: dict[str, Any]
