"""One optimizer step: the gradients of a batch, whatever the memory allows at once."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from services.training.fitting.batching import Batch
from services.training.fitting.callback import TrainingCallback
from services.training.fitting.device import autocast
from services.training.fitting.group import ALONE, Group
from services.training.fitting.recipe import Recipe
from services.training.models.task_model import Outputs, TaskModel
from services.training.objectives.objective import GradientPass, Loss, Objective
from services.training.tasks.task import Task
from services.training.tunings.tuning import Tuning
from shared.errors import TrainingFailed


class Stepper:
    """Takes optimizer steps; when memory runs out it goes on with smaller pieces of each batch, summing their gradients.

    Args:
        model: In place on its device.
        optimizer: Over the trained weights; the rates it was made with are the peaks.
        recipe: See there.
        task: Whose loss is minimised.
        tuning: May add to it.
        objectives: Wrap what a wrong choice costs, the loss, and the pass over a batch.
        callback: Told when batches get split.
        group: The processes that take the steps together.

    Attributes:
        weights: Those that are trained.
    """

    def __init__(
        self,
        model: TaskModel,
        optimizer: torch.optim.Optimizer,
        recipe: Recipe,
        task: Task[Any, Any, Any, Any],
        tuning: Tuning,
        objectives: Sequence[Objective],
        callback: TrainingCallback,
        group: Group = ALONE,
    ) -> None:
        self._model = model
        self._optimizer = optimizer
        self.weights = [weight for group in optimizer.param_groups for weight in group["params"]]
        self._peaks = [group["lr"] for group in optimizer.param_groups]
        self._task = task
        self._tuning = tuning
        self._callback = callback
        self._group = group
        self._piece = min(recipe.batch_size, recipe.rows_at_once or recipe.batch_size)
        choices = recipe.choices
        self._loss: Loss = self._task_loss
        self._gradients: GradientPass = self._backward
        for objective in objectives:
            choices = objective.charge(choices)
            self._loss = objective.loss(self._loss)
            self._gradients = objective.gradients(self._gradients, model)
        self._recipe = dataclasses.replace(recipe, choices=choices)

    def step(self, batch: Batch, factor: float) -> float:
        """Train on a batch at ``factor`` times the peak rates; returns its loss.

        Raises:
            TrainingFailed: The loss is not finite, or a single row does not fit into memory.
        """
        while True:
            try:
                loss = self._accumulate(batch)
                break
            except RuntimeError as error:
                if not _is_out_of_memory(error):
                    raise
                self._halve(error)
        if not math.isfinite(loss):
            raise TrainingFailed(
                "The loss is no longer finite. Lower the learning_rate_multiplier.",
                param="hyperparameters.learning_rate_multiplier",
            )
        torch.nn.utils.clip_grad_norm_(self.weights, self._recipe.clip_norm)
        for group, peak in zip(self._optimizer.param_groups, self._peaks, strict=True):
            group["lr"] = peak * factor
        self._optimizer.step()
        return loss

    def _accumulate(self, batch: Batch) -> float:
        """Set the gradients of a batch; returns its loss."""
        self._optimizer.zero_grad()
        self._model.train()
        return self._gradients(batch)

    def _backward(self, batch: Batch) -> float:
        """Add the gradients of a batch to those that are there; returns its loss. Of several processes each has its share of the rows.

        Raises:
            RuntimeError: Memory ran out, here or in another process.
        """
        device, error = self._model.device, None
        self._group.begin(self.weights)
        loss = 0.0
        try:
            loss = self._of_share(batch)
        except RuntimeError as found:
            if not _is_out_of_memory(found):
                raise
            error = found
        if self._group.any(device, found=error is not None):
            raise error or torch.OutOfMemoryError("another process ran out of memory")
        return self._group.sum(loss, self.weights, device)

    def _of_share(self, batch: Batch) -> float:
        device, whole = self._model.device, self._task.counts(batch)
        total = 0.0
        for piece in self._group.share(batch).chunks(self._piece):
            loss, _ = self._loss(self._model, piece.to(device), whole)
            penalty = self._tuning.penalty(self._model)
            if penalty is not None:
                loss = loss + penalty * len(piece) / len(batch)
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.item()
        return total

    def _task_loss(self, model: TaskModel, piece: Batch, whole: Any) -> tuple[Tensor, Outputs]:
        with autocast(model.device):
            outputs: Outputs = model(**piece.inputs)
        return self._task.loss(outputs, piece, whole, self._recipe), outputs

    def _halve(self, error: RuntimeError) -> None:
        self._optimizer.zero_grad()
        if self._piece == 1:
            raise TrainingFailed(
                "A single row does not fit into memory. Lower schedule.max_length or choose a smaller base model.",
                param="schedule.max_length",
            ) from error
        self._piece //= 2
        self._callback.noticed(f"Memory ran out: batches are now computed in pieces of {self._piece} rows.")
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _is_out_of_memory(error: RuntimeError) -> bool:
    # On a CPU torch raises a plain RuntimeError.
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
