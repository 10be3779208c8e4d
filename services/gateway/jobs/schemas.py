"""``/v1/fine_tuning/jobs``."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from services.gateway.http.bodies.schemas import Body, Metadata, Name, Reply, Resource
from shared.contracts.knowledge.recommendation import CatalogId
from shared.contracts.training.ensembles import Ensemble
from shared.contracts.training.integrations import Integrations
from shared.contracts.training.jobs import (
    Architecture,
    Export,
    Hyperparameters,
    JobOptions,
    JobStatus,
    Objectives,
    Promotion,
    RareLabels,
    Schedule,
    ScopeCosts,
)
from shared.contracts.training.objectives import Beta, Dpo
from shared.contracts.training.searches import Search
from shared.contracts.training.tasks import TaskChoice
from shared.contracts.training.tunings import Tuning


class Supervised(Body):
    """Options of supervised fine-tuning."""

    hyperparameters: Hyperparameters = Hyperparameters()


class PreferenceKnobs(Hyperparameters):
    """The knobs, and how near the model stays to what it was."""

    beta: Beta = "auto"


class Preference(Body):
    """Options of direct preference optimisation."""

    hyperparameters: PreferenceKnobs = PreferenceKnobs()


class Method(Body):
    """How to tune. Reinforcement tuning is refused."""

    type: Literal["supervised", "dpo", "reinforcement"]
    supervised: Supervised = Supervised()
    dpo: Preference | None = None
    reinforcement: Any = None

    @model_validator(mode="after")
    def _is_offered(self) -> Self:
        if self.type == "reinforcement":
            raise ValueError("'reinforcement' is not supported; use 'supervised' or 'dpo'")
        return self

    @property
    def knobs(self) -> Hyperparameters:
        """The hyperparameters."""
        if self.type != "dpo":
            return self.supervised.hyperparameters
        return Hyperparameters(**self._preference.hyperparameters.model_dump(exclude={"beta"}))

    @property
    def objectives(self) -> tuple[Dpo, ...]:
        """What it asks for besides."""
        return (Dpo(beta=self._preference.hyperparameters.beta),) if self.type == "dpo" else ()

    @property
    def _preference(self) -> Preference:
        return self.dpo or Preference()


class CreateJob(JobOptions, Body):
    """A fine-tuning job as the convention has it, with the options of ours."""

    task: TaskChoice = "auto"
    """What the model is for; ``auto``: what the rows of the training file are labelled for."""
    model: Name
    training_file: Name | None = None
    catalog: CatalogId | None = None
    """Of task `recommendation`, instead of a training file: its items and events up to now are the rows."""
    validation_file: Name | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    metadata: Metadata | None = None
    method: Method | None = None
    hyperparameters: Hyperparameters | None = None
    """The convention's old place; ``method`` wins."""

    @property
    def knobs(self) -> Hyperparameters:
        """The hyperparameters, wherever they were given."""
        return self.method.knobs if self.method else self.hyperparameters or Hyperparameters()

    @model_validator(mode="after")
    def _objectives_once(self) -> Self:
        if self.method and self.method.objectives and self.objectives != "auto":
            raise ValueError(
                "method 'dpo' is an objective; leave method out and name it in objectives, or leave objectives out"
            )
        return self

    @property
    def all_objectives(self) -> Objectives:
        """The objectives, wherever they were given."""
        return (self.method.objectives if self.method else ()) or self.objectives


class JobError(Reply):
    """Why a job failed."""

    code: str
    message: str
    param: str | None = None


class MethodReply(Reply):
    """The method with its resolved options."""

    type: Literal["supervised", "dpo"] = "supervised"
    supervised: Supervised | None = None
    dpo: Preference | None = None


class JobDetails(Reply):
    """What the convention has no field for."""

    task: str
    deployment: str
    tuning: Tuning
    objectives: Objectives
    schedule: Schedule
    export: Export
    promotion: Promotion
    scope: ScopeCosts
    rare_labels: RareLabels
    architecture: Architecture | None
    ensemble: Ensemble | None
    search: Search | None
    catalog: str | None
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
    status: JobStatus | Literal["pausing"]
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
