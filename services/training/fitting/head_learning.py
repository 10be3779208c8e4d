"""New heads on an encoder that stays as it is: what its gradients say means nothing before they have learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from services.training.fitting.batching import Batch, batches
from services.training.fitting.recipe import Recipe
from services.training.models.task_model import TaskModel
from services.training.tasks.task import Task

#: Passes over the rows, and the rate: linear heads on fixed states bear it.
_EPOCHS, _RATE, _BATCH = 10, 5e-3, 32


def learn_heads(model: TaskModel, examples: Sequence[Any], task: Task[Any, Any, Any, Any], recipe: Recipe) -> None:
    """Train all of a model but its encoder; models without heads of their own stay as they are."""
    model.encoder.requires_grad_(requires_grad=False)
    heads = [weight for weight in model.parameters() if weight.requires_grad]
    if heads:
        optimizer = torch.optim.AdamW(heads, lr=_RATE)
        for _ in range(_EPOCHS):
            for batch in batches(examples, _BATCH, task.collate):
                optimizer.zero_grad()
                loss_of(model, batch, task, recipe).backward()  # type: ignore[no-untyped-call]
                optimizer.step()
    model.encoder.requires_grad_(requires_grad=True)


def loss_of(model: TaskModel, batch: Batch, task: Task[Any, Any, Any, Any], recipe: Recipe) -> Tensor:
    """The loss of the task on a batch as a whole."""
    batch = batch.to(model.device)
    return task.loss(model(**batch.inputs), batch, task.counts(batch), recipe)
