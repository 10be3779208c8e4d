"""What an objective is: it wraps the loss of a piece, or the pass over a batch, as losses wrap losses in sentence-transformers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from services.training.fitting.batching import Batch
from services.training.fitting.choice_loss import ChoiceLoss
from services.training.models.task_model import Outputs, TaskModel
from services.training.models.text_encoder import TextEncoder
from shared.contracts.training.tunings import Spec
from shared.errors import TrainingFailed
from shared.rows.row import LabelledRow

Loss = Callable[[TaskModel, Batch, Any], tuple[Tensor, Outputs]]
"""The loss of a piece of a batch, given the counts of the whole, and the outputs that it was made of."""

GradientPass = Callable[[Batch], float]
"""Adds a batch's gradients to those that are there; returns its loss."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What there is to choose among.

    Attributes:
        columns: By head, as rows name it, the label of each column of the model; heads that choose nothing are left out.
        counts: By head, how many training rows (of spans: how many spans) have each label.
    """

    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


class Beginning(NamedTuple):
    """What a run starts from.

    Attributes:
        folder: The encoder.
        encoder: Its tokenizer.
        past: Rows that it was trained on before, if it is of a model of ours; in the order in which some are to be taken.
    """

    folder: Path
    encoder: TextEncoder
    past: Sequence[Any]


class Additions(NamedTuple):
    """Rows that train besides those of the training file.

    Attributes:
        name: Of what adds them.
        rows: Of the task.
        told: Where they come from, in words.
    """

    name: str
    rows: Sequence[LabelledRow]
    told: str


class Objective:
    """Changes nothing; an objective overrides what it wraps.

    Attributes:
        note: What the owner of the job should know of it; ``None``: nothing that the job does not say itself.
        rate_factor: By which the rates of the run are multiplied.
    """

    note: str | None = None
    rate_factor: float = 1.0

    def additions(self, rows: Sequence[Any]) -> Additions | None:
        """More rows to train on, made of the training rows; the same ones for the same rows, since a resumed run makes them again."""
        del rows
        return None

    def begin(self, beginning: Beginning) -> str | None:
        """Before the run, resumed or not; what the owner should know of it, in words."""
        del beginning
        return None

    def examples(self, model: TaskModel, examples: Sequence[Any]) -> Sequence[Any]:
        """Training or validation examples with what the freshly loaded model, which no step has changed, tells of them."""
        del model
        return examples

    def charge(self, inner: ChoiceLoss) -> ChoiceLoss:
        """What a wrong choice costs."""
        return inner

    def loss(self, inner: Loss) -> Loss:
        """The loss of a piece."""
        return inner

    def gradients(self, inner: GradientPass, model: TaskModel) -> GradientPass:
        """The pass over a whole batch."""
        del model
        return inner


def require_choices(spec: Spec, learned: Learned) -> None:
    """Refuse an objective that is about labels where the rows have none.

    Raises:
        TrainingFailed: No head chooses.
    """
    if not learned.columns:
        name = spec.model_dump()["type"]
        raise TrainingFailed(
            f"'{name}' is about labels, and these rows have scores. Leave it out, or give rows with labels.",
            param="objectives",
        )
