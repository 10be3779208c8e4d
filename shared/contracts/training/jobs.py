"""A fine-tuning job as the user asked for it, and the messages about its progress."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from shared.contracts.message import Exchange, Message, Route
from shared.contracts.training.ensembles import Ensemble
from shared.contracts.training.integrations import Integrations, require_each_once
from shared.contracts.training.objectives import Distillation, Objective
from shared.contracts.training.searches import Search, Values, ends, placed, require_searchable, searchable
from shared.contracts.training.tasks import WITHOUT_LABELS, TaskName
from shared.contracts.training.tunings import Full, Spec, Tuning

JobStatus = Literal["validating_files", "queued", "running", "paused", "succeeded", "failed", "cancelled"]
FINAL_STATUSES: frozenset[JobStatus] = frozenset(("succeeded", "failed", "cancelled"))

Auto = Literal["auto"]


class Hyperparameters(Spec):
    """The three knobs of the OpenAI convention; ``auto`` lets the recipe choose from the size of the data."""

    batch_size: Annotated[int, Field(ge=1, le=512)] | Auto = "auto"
    learning_rate_multiplier: Annotated[float, Field(gt=0, le=100)] | Auto = "auto"
    n_epochs: Annotated[int, Field(ge=1, le=100)] | Auto = "auto"


MaxSteps = Annotated[int, Field(ge=1)] | None
MaxLength = Annotated[int, Field(ge=8, le=8192)]


class Schedule(Spec):
    """How long a job trains, on how much of each text, and how carefully.

    Attributes:
        max_steps: Stop after so many optimizer steps, whatever the epochs say.
        max_length: Tokens kept of each text.
        warmup: Share of the steps in which the rates rise from 0; they fall linearly to 0 in the others.
        weight_decay: Of matrices; biases and norms have none.
        dropout: In the encoder and in front of the heads.
        label_smoothing: Probability spread over the wrong labels of a choice.
        clip_norm: Largest norm of the gradient.
        layer_decay: Each layer learns at so many times the rate of the one above it; 1: all learn alike.
        rows_at_once: Rows in memory together: a batch is computed in such pieces, whose gradients are added up.
        gradient_checkpointing: Compute activations twice instead of keeping them: less memory, about a third more time.
        devices: GPUs of the worker's machine that train side by side, or where it has none processes: each takes its share of every batch.
    """

    max_steps: MaxSteps = None
    max_length: MaxLength = 128
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.1
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.01
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.1
    clip_norm: Annotated[float, Field(gt=0, le=1000)] = 1.0
    layer_decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    rows_at_once: Annotated[int, Field(ge=1, le=512)] | None = None
    gradient_checkpointing: bool = False
    devices: Annotated[int, Field(ge=1, le=16)] = 1


class PromotionEval(Spec):
    """An eval that a model has to pass beside the one in production, both asked about the same rows.

    Attributes:
        id: Of the eval. None of its graders may need a model of its own.
        file: Id of a file of purpose `evals` with its rows, `{"item": {…}}`.
        input: What a model is asked about a row, as at `/v1/models/{id}/predict`: templates over `item`; one that is a single mark keeps what stands there as it is.
        least_gain: By how much the candidate must be better by each criterion, at the lower end of the interval of the difference of mean
            scores; a negative number is the largest loss that is put up with.
        level: Of that interval, a paired bootstrap's.
    """

    id: Annotated[str, Field(min_length=1, max_length=128)]
    file: Annotated[str, Field(min_length=1, max_length=128)]
    input: Annotated[dict[str, Annotated[str, Field(max_length=32_768)]], Field(min_length=1, max_length=8)] = Field(
        default_factory=lambda: {"text": "{{item.text}}"}
    )
    least_gain: Annotated[float, Field(ge=-1e6, le=1e6)] = -0.05
    level: Annotated[float, Field(ge=0.5, le=0.999)] = 0.95


class Promotion(Spec):
    """What happens to the model when the job has succeeded.

    Attributes:
        mode: ``auto`` promotes it if the gate lets it pass, ``manual`` waits for a call.
        max_regression: How far the F1 of one label may fall behind the model in production on the same test rows, 0..1.
        max_overall_regression: The same for each overall score.
        min_label_rows: Labels with fewer test rows are judged together, since one row would move them too far.
        dialogues: Id of a dialogue file that the model must hold with the bot in service.
        dialogues_at_least: Share of its turns that must be right, 0..1.
        eval: An eval by which the model must not be worse.
        bias_budget: By how much a group of speakers may surely be answered otherwise than the first of its kind, 0..1; 1: it is only told, in
            the report. Of tasks ``nlu`` and ``text_classification``.
    """

    mode: Literal["auto", "manual"] = "auto"
    max_regression: Annotated[float, Field(ge=0, le=1)] = 0.10
    max_overall_regression: Annotated[float, Field(ge=0, le=1)] = 0.01
    min_label_rows: Annotated[int, Field(ge=1, le=1000)] = 5
    dialogues: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    dialogues_at_least: Annotated[float, Field(ge=0, le=1)] = 1.0
    eval: PromotionEval | None = None
    bias_budget: Annotated[float, Field(ge=0, le=1)] | None = None


class ScopeCosts(Spec):
    """What the two errors about the scope cost; only their ratio matters, and only where out-of-scope rows are there to learn from.

    Attributes:
        false_rejection_cost: Of rejecting a text whose intent would have been told.
        missed_outlier_cost: Of giving an intent to a text that belongs to none.
    """

    false_rejection_cost: Annotated[float, Field(ge=0.01, le=100)] = 1.0
    missed_outlier_cost: Annotated[float, Field(ge=0.01, le=100)] = 1.0


class Export(Spec):
    """How a model is written for those who serve it.

    Attributes:
        gpu_precision: Of the graph that GPUs serve. ``fp16``: half the bytes, and faster where their units multiply it; kept only if it
            computes the same and scores no worse than half a point below.
    """

    gpu_precision: Literal["fp32", "fp16"] = "fp32"


Objectives = Annotated[tuple[Objective, ...], Field(max_length=8)] | Auto
"""``auto``: what was measured to help with such rows."""


def require_compatible(tuning: Tuning, objectives: Objectives) -> None:
    """Refuse what cannot be combined.

    Raises:
        ValueError: An adversary has no words to move, or an objective is named twice.
    """
    if objectives == "auto":
        return
    names = [objective.type for objective in objectives]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"objectives name '{twice}' twice; keep one")
    if "adversarial" in names and tuning.type != "full":
        raise ValueError(f"an adversarial objective moves the words, which '{tuning.type}' does not train; use 'full'")
    if "ewc" in names and not (tuning.type in ("full", "bitfit") or (tuning.type == "frozen" and tuning.layers)):
        raise ValueError(
            f"'ewc' holds the encoder's own weights, which '{tuning.type}' leaves as they are; use 'full', or leave 'ewc' out"
        )


def require_affordable(tuning: Tuning, schedule: Schedule) -> None:
    """Refuse a way of saving memory that a tuning does not bear.

    Raises:
        ValueError: Activations are to be computed twice, and a layer would find the prefix twice.
    """
    if schedule.gradient_checkpointing and tuning.type == "prefix":
        raise ValueError("gradient_checkpointing cannot be combined with tuning 'prefix'; use rows_at_once")


class _FirstForm(Spec):
    """What stood in ``tuning`` before it had places of its own; an adversary of 0: none."""

    max_steps: MaxSteps = None
    max_length: MaxLength = 128
    adversarial: Annotated[float, Field(ge=0, le=10)] | Auto = "auto"


_OF_LORA = ("rank", "alpha", "dropout")
_WRITTEN_BY_US = {*_OF_LORA, "max_steps", "max_length"}


def with_parts_apart(spec: Any) -> Any:
    """What a job asks for, with what the first form kept in ``tuning`` in its own place; anything else is returned as it is.

    The first form held the options of every tuning at once, and among them the adversary and the schedule.

    Raises:
        ValidationError: One of these is wrong; its place is where it was written.
    """
    tuning = spec.get("tuning") if isinstance(spec, Mapping) else None
    if not isinstance(tuning, Mapping):
        return spec
    left = {"type": "full", **tuning}
    if left.keys() >= _WRITTEN_BY_US and left["type"] != "lora":
        left = {name: value for name, value in left.items() if name not in _OF_LORA}
    moved = {name: left.pop(name) for name in _FirstForm.model_fields if name in left}
    first = _first_form(moved)
    found: dict[str, Any] = {**spec, "tuning": left}
    schedule = first.model_dump(include=moved.keys() - {"adversarial"})
    if schedule and isinstance(given := found.get("schedule", {}), Mapping):
        found["schedule"] = {**schedule, **given}
    if first.adversarial not in ("auto", 0) and left["type"] != "full":
        words = PydanticCustomError(
            "value_error", "has to be 0 or left out here: it moves the words, which only 'full' trains"
        )
        fault = InitErrorDetails(type=words, loc=("tuning", "adversarial"), input=first.adversarial)
        raise ValidationError.from_exception_data("JobSpec", [fault])
    if first.adversarial != "auto" and "objectives" not in found:
        adversary = {"type": "adversarial", "distance": first.adversarial}
        found["objectives"] = [adversary] if first.adversarial else []
    return found


def _first_form(moved: Mapping[str, Any]) -> _FirstForm:
    try:
        return _FirstForm.model_validate(moved)
    except ValidationError as error:
        faults = [
            InitErrorDetails(
                type=fault["type"], loc=("tuning", *fault["loc"]), input=fault["input"], ctx=fault.get("ctx", {})
            )
            for fault in error.errors()
        ]
        raise ValidationError.from_exception_data(error.title, faults) from None


RareLabels = Literal["drop", "refuse"]
"""What is done with labels that occur in one text alone: they can be learned or judged, never both."""


DeploymentName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
"""What requests name a model in production by; the model behind it may change."""


_OF_CATALOGS = "catalog-"


def catalog_deployment(catalog: str) -> str:
    """Where the models of a catalog go into production, unless their jobs say otherwise."""
    return _OF_CATALOGS + catalog


def deployed_catalog(deployment: str) -> str | None:
    """The catalog whose models a deployment serves, if it is one's."""
    return deployment.removeprefix(_OF_CATALOGS) if deployment.startswith(_OF_CATALOGS) else None


SCRATCH = "scratch"
"""The base model that a job makes itself."""

TINY = "tiny"
"""The same of a model that writes: some 9 million weights, there without any hub."""

FROM_NOTHING = (SCRATCH, TINY)


class Architecture(Spec):
    """The size of a model that a job makes from nothing.

    Attributes:
        layers: Of the encoder.
        width: Of its states; a multiple of ``heads``.
        heads: Of its attention.
        vocabulary: Pieces of words that its tokenizer learns from the training rows, at most.
    """

    layers: Annotated[int, Field(ge=1, le=24)] = 4
    width: Annotated[int, Field(ge=32, le=1024)] = 256
    heads: Annotated[int, Field(ge=1, le=16)] = 4
    vocabulary: Annotated[int, Field(ge=200, le=60_000)] = 8_000

    @model_validator(mode="after")
    def _divides(self) -> Self:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is no multiple of {self.heads} heads; change one of them")
        return self


def _searched_parts(tuning: Spec) -> dict[str, type[Spec]]:
    return {"": Hyperparameters, "schedule": Schedule, "tuning": type(tuning)}


class JobOptions(Spec):
    """What a job may be asked for besides model, files and hyperparameters: in a request as in the row of the job."""

    deployment: DeploymentName | None = None
    """Where the model goes into production; without it, under the name of its task."""
    tuning: Tuning = Full()
    objectives: Objectives = "auto"
    schedule: Schedule = Schedule()
    export: Export = Export()
    promotion: Promotion = Promotion()
    scope: ScopeCosts = ScopeCosts()
    rare_labels: RareLabels = "drop"
    architecture: Architecture | None = None
    """Of model ``scratch``."""
    ensemble: Ensemble | None = None
    search: Search | None = None
    suffix: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_.-]*$")] | None = None
    integrations: Integrations = ()

    @model_validator(mode="before")
    @classmethod
    def _from_the_first_form(cls, spec: Any) -> Any:
        return with_parts_apart(spec)

    @field_validator("objectives")
    @classmethod
    def _fit_the_tuning(cls, objectives: Objectives, info: ValidationInfo) -> Objectives:
        if "tuning" in info.data:
            require_compatible(info.data["tuning"], objectives)
        return objectives

    @field_validator("schedule")
    @classmethod
    def _is_affordable(cls, schedule: Schedule, info: ValidationInfo) -> Schedule:
        if "tuning" in info.data:
            require_affordable(info.data["tuning"], schedule)
        return schedule

    @field_validator("search")
    @classmethod
    def _names_what_there_is(cls, search: Search | None, info: ValidationInfo) -> Search | None:
        if search is not None and "tuning" in info.data:
            require_searchable(search, _searched_parts(info.data["tuning"]))
        return search

    @field_validator("integrations", mode="before")
    @classmethod
    def _none_is_none(cls, integrations: Any) -> Any:
        return () if integrations is None else integrations

    @field_validator("integrations")
    @classmethod
    def _each_once(cls, integrations: Integrations) -> Integrations:
        require_each_once(integrations)
        return integrations


class JobSpec(JobOptions):
    """The whole request; it stands in the job row and, unchanged, in the manifest of the model."""

    task: TaskName = "nlu"
    model: str
    """``minilm``, a hub id, a folder in the worker's folder of base models, the id of one of our models (warm start), ``scratch`` or ``tiny``."""
    training_file: str = ""
    """Empty where a catalog takes its place."""
    catalog: str | None = None
    """Whose items and events are the rows."""
    validation_file: str | None = None
    hyperparameters: Hyperparameters = Hyperparameters()
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0

    def unsearchable(self) -> str | None:
        """Which of the values that are to be tried no job may have, and why."""
        if self.search is None:
            return None
        for name, choices in self.search.space.items():
            for value in ends(choices, is_whole=self.whole_numbers[name]):
                try:
                    self.tried({name: value})
                except ValidationError as error:
                    return f"space {name!r}: {value:g} is refused ({error.errors()[0]['msg']}); narrow it"
        return None

    @property
    def whole_numbers(self) -> dict[str, bool]:
        """What can be searched: by name, whether it is a whole number."""
        return searchable(_searched_parts(self.tuning))

    def tried(self, values: Values) -> JobSpec:
        """The job with these values in their places, and without a search.

        Raises:
            ValidationError: One of them is none that a job may have.
        """
        return JobSpec.model_validate({**placed(self.model_dump(mode="json"), values), "search": None})

    @property
    def slot(self) -> str:
        """Where its model goes into production."""
        return self.deployment or self.task

    @property
    def distillation(self) -> Distillation | None:
        """What it learns of a teacher, with the teacher's name if there is one. Under ``auto`` a student of a model of ours learns of it."""
        is_ours = self.model.startswith("ft:")
        if self.objectives == "auto":
            is_student = isinstance(self.tuning, Full) and self.tuning.is_smaller
            found = Distillation() if is_student and is_ours and self.task not in WITHOUT_LABELS else None
        else:
            found = next((one for one in self.objectives if isinstance(one, Distillation)), None)
        if found is None or found.teacher is not None or not is_ours:
            return found
        return found.model_copy(update={"teacher": self.model})


class JobQueued(Message):
    """A job waits for a worker. Only a wake-up: the job row is the truth, a lost one is sent again by the reaper."""

    TYPE: ClassVar[str] = "job.queued"
    ROUTE: ClassVar[Route] = Route(Exchange.RPC, "train.cpu", durable=True)

    job_id: str


class TrainingProgressed(Message):
    """A job took a step or changed its state; the full story is in the job's events."""

    TYPE: ClassVar[str] = "training.progressed"
    ROUTE: ClassVar[Route] = Route(Exchange.EVENTS, "training.progressed")

    job_id: str
    status: JobStatus
    step: int = 0
    total_steps: int = 0
