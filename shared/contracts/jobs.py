"""A fine-tuning job as the user asked for it, and the messages about its progress."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.contracts.message import Exchange, Message, Route

JobStatus = Literal["validating_files", "queued", "running", "succeeded", "failed", "cancelled"]
FINAL_STATUSES: frozenset[JobStatus] = frozenset(("succeeded", "failed", "cancelled"))

Auto = Literal["auto"]


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Hyperparameters(_Spec):
    """The three knobs of the OpenAI convention; ``auto`` lets the recipe choose from the size of the data."""

    batch_size: Annotated[int, Field(ge=1, le=512)] | Auto = "auto"
    learning_rate_multiplier: Annotated[float, Field(gt=0, le=100)] | Auto = "auto"
    n_epochs: Annotated[int, Field(ge=1, le=100)] | Auto = "auto"


class Tuning(_Spec):
    """Which weights are trained.

    Attributes:
        type: ``full`` trains everything, ``frozen`` only the heads, ``lora`` low-rank updates of the encoder and the heads.
        rank: Rank of the LoRA updates.
        alpha: LoRA scale (the update is multiplied by ``alpha / rank``).
        dropout: Dropout on the LoRA input.
        adversarial: Adversarial training: how far the words of each batch are moved against the model for a second look at
            it, in lengths of a word's embedding. 0 does without; anything else takes twice the time, and needs ``full``.
        max_steps: Stop after so many optimizer steps, whatever the epochs say.
        max_length: Tokens kept of each text.
    """

    type: Literal["full", "frozen", "lora"] = "full"
    rank: Annotated[int, Field(ge=1, le=256)] = 16
    alpha: Annotated[float, Field(gt=0, le=1024)] = 32.0
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.05
    adversarial: Annotated[float, Field(ge=0, le=10)] | Auto = "auto"
    max_steps: Annotated[int, Field(ge=1)] | None = None
    max_length: Annotated[int, Field(ge=8, le=512)] = 128

    @model_validator(mode="after")
    def _adversary_can_move(self) -> Self:
        if self.type != "full" and self.adversarial not in ("auto", 0):
            raise ValueError(f"adversarial has to be 0 or left out where type is '{self.type}': it needs 'full'")
        return self


class Promotion(_Spec):
    """What happens to the model when the job has succeeded.

    Attributes:
        mode: ``auto`` promotes it if the gate lets it pass, ``manual`` waits for a call.
        max_regression: How far the F1 of one label may fall behind the model in production on the same test rows, 0..1.
        max_overall_regression: The same for each overall score.
        min_label_rows: Labels with fewer test rows are judged together, since one row would move them too far.
        dialogues: Id of a dialogue file that the model must hold with the bot in service.
        dialogues_at_least: Share of its turns that must be right, 0..1.
    """

    mode: Literal["auto", "manual"] = "auto"
    max_regression: Annotated[float, Field(ge=0, le=1)] = 0.10
    max_overall_regression: Annotated[float, Field(ge=0, le=1)] = 0.01
    min_label_rows: Annotated[int, Field(ge=1, le=1000)] = 5
    dialogues: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    dialogues_at_least: Annotated[float, Field(ge=0, le=1)] = 1.0


class ScopeCosts(_Spec):
    """What the two errors about the scope cost; only their ratio matters, and only where out-of-scope rows are there to learn from.

    Attributes:
        false_rejection_cost: Of rejecting a text whose intent would have been told.
        missed_outlier_cost: Of giving an intent to a text that belongs to none.
    """

    false_rejection_cost: Annotated[float, Field(ge=0.01, le=100)] = 1.0
    missed_outlier_cost: Annotated[float, Field(ge=0.01, le=100)] = 1.0


class JobSpec(_Spec):
    """The whole request; it stands in the job row and, unchanged, in the manifest of the model."""

    model: str
    """``minilm``, a hub id, a folder in the worker's folder of base models, or the id of one of our models (warm start)."""
    training_file: str
    validation_file: str | None = None
    task: Literal["nlu"] = "nlu"
    hyperparameters: Hyperparameters = Hyperparameters()
    tuning: Tuning = Tuning()
    promotion: Promotion = Promotion()
    scope: ScopeCosts = ScopeCosts()
    suffix: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_.-]*$")] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0


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
