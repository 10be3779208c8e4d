"""What an objective is: it wraps the loss of a piece, or the pass over a batch, as losses wrap losses in sentence-transformers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from services.training.fitting.batching import Batch
from services.training.models.task_model import Outputs, TaskModel

Loss = Callable[[TaskModel, Batch, Any], tuple[Tensor, Outputs]]
"""The loss of a piece of a batch, given the counts of the whole, and the outputs that it was made of."""

GradientPass = Callable[[Batch], float]
"""Adds a batch's gradients to those that are there; returns its loss."""


class Objective:
    """Changes nothing; an objective overrides what it wraps."""

    def loss(self, inner: Loss) -> Loss:
        """The loss of a piece."""
        return inner

    def gradients(self, inner: GradientPass, model: TaskModel) -> GradientPass:
        """The pass over a whole batch."""
        del model
        return inner
