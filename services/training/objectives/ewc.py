"""Elastic weight consolidation: what mattered for what a model knew moves least (Kirkpatrick et al. 2017, arXiv:1612.00796)."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
from torch import Tensor

from services.training.fitting.batching import Batch, batches
from services.training.fitting.choice_loss import ChoiceLoss
from services.training.fitting.device import best_device
from services.training.fitting.head_learning import learn_heads, loss_of
from services.training.fitting.recipe import Recipe
from services.training.models.task_model import Outputs, TaskModel
from services.training.objectives.objective import Beginning, Loss, Objective
from services.training.tasks.task import Task
from shared.contracts.training.objectives import Ewc
from shared.errors import TrainingFailed


class EwcObjective(Objective):
    """Adds what it costs that the encoder's weights leave where they began, each weighed by its Fisher information, 1 in the mean.

    The heads of a model do not outlast its job. So new ones learn the old rows first, on the encoder as it is; the information is that of
    the old rows' labels, through these heads. The table of words is left out: training sees only the words that occur.

    Args:
        spec: What it weighs, and on how many rows the information is estimated.
        task: Of the job.
        recipe: Of the run.
    """

    def __init__(self, spec: Ewc, task: Task[Any, Any, Any, Any], recipe: Recipe) -> None:
        self._spec, self._task = spec, task
        self._recipe = dataclasses.replace(recipe, label_smoothing=0.0, choices=ChoiceLoss())
        self._held: dict[str, tuple[Tensor, Tensor]] = {}

    def begin(self, beginning: Beginning) -> str | None:
        """Estimate the information; a resumed run finds the same again.

        Raises:
            TrainingFailed: There are no rows of before but those of the job.
        """
        rows = beginning.past[: self._spec.rows]
        if not rows:
            raise TrainingFailed(
                "Every row that the model was trained on before stands in the training file too, so that 'ewc' has nothing to keep beside it; "
                "leave it out.",
                param="objectives",
            )
        schema = self._task.schema(rows)
        torch.manual_seed(self._recipe.seed)
        model = self._task.model(beginning.folder, schema, 0.0)
        model.to(best_device())
        examples = self._task.prepare(model, self._task.examples(beginning.encoder, rows, schema))
        model.eval()
        learn_heads(model, examples, self._task, self._recipe)
        information = self._information(model, examples)
        weights = dict(model.encoder.named_parameters())
        count = sum(one.numel() for one in information.values())
        mean = sum(float(one.sum()) for one in information.values()) / count or 1.0
        self._held = {name: (weights[name].detach(), one / mean) for name, one in information.items()}
        return f"{count:,} weights of the encoder are held by what they meant for {len(rows)} rows of before"

    def loss(self, inner: Loss) -> Loss:
        """The loss of a piece, and its share of what leaving costs."""

        def held(model: TaskModel, piece: Batch, whole: Any) -> tuple[Tensor, Outputs]:
            total, outputs = inner(model, piece, whole)
            return total + self._cost(model) * (len(piece) / whole.rows), outputs

        return held

    def _cost(self, model: TaskModel) -> Tensor:
        total = torch.zeros((), device=model.device)
        for name, weight in model.encoder.named_parameters():
            if weight.requires_grad and name in self._held:
                began, information = self._held[name]
                total = total + (information * (weight - began) ** 2).sum()
        return self._spec.weight / 2 * total

    def _information(self, model: TaskModel, examples: Any) -> dict[str, Tensor]:
        """The mean over rows of each weight's squared gradient."""
        words = model.word_embeddings
        held = {name: weight for name, weight in model.encoder.named_parameters() if weight is not words}
        found = {name: torch.zeros_like(weight) for name, weight in held.items()}
        for batch in batches(examples, 1, self._task.collate):
            model.zero_grad()
            loss_of(model, batch, self._task, self._recipe).backward()  # type: ignore[no-untyped-call]
            for name, weight in held.items():
                if weight.grad is not None:
                    found[name] += weight.grad.square() / len(examples)
        return found
