"""Matryoshka embeddings: a vector's first numbers are an embedding too (Kusupati et al. 2022, arXiv:2205.13147)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from services.training.fitting.batching import Batch
from services.training.fitting.recipe import Recipe
from services.training.models.pooling import unit
from services.training.models.task_model import Outputs, TaskModel
from services.training.objectives.objective import Loss, Objective
from shared.contracts.training.objectives import Matryoshka

TaskLoss = Callable[[Outputs, Batch, Any, Recipe], Tensor]


class MatryoshkaObjective(Objective):
    """The mean of the task's loss at the whole size and at some smaller ones.

    Args:
        spec: The sizes; those that the model does not reach are left out.
        task_loss: Of outputs that are all embeddings.
        recipe: Of the run.
    """

    def __init__(self, spec: Matryoshka, task_loss: TaskLoss, recipe: Recipe) -> None:
        self._sizes = spec.sizes
        self._task_loss = task_loss
        self._recipe = recipe

    def loss(self, inner: Loss) -> Loss:
        """The loss of one pass, at every size."""

        def nested(model: TaskModel, piece: Batch, whole: Any) -> tuple[Tensor, Outputs]:
            total, outputs = inner(model, piece, whole)
            sizes = [size for size in self._sizes if size < model.width]
            for size in sizes:
                cut = {name: unit(vectors[..., :size]) for name, vectors in outputs.items()}
                total = total + self._task_loss(cut, piece, whole, self._recipe)
            return total / (1 + len(sizes)), outputs

        return nested
