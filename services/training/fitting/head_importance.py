"""What each attention head of an encoder means for a task: its output times its gradient (Michel et al. 2019, arXiv:1905.10650, equation 2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from services.training.fitting.batching import batches
from services.training.fitting.head_learning import learn_heads, loss_of
from services.training.fitting.recipe import Recipe
from services.training.models.pruned_heads import attentions, head_counts, output_of
from services.training.models.task_model import TaskModel
from services.training.tasks.task import Task

_AT_ONCE = 16


def head_importance(
    model: TaskModel, examples: Sequence[Any], task: Task[Any, Any, Any, Any], recipe: Recipe
) -> list[list[float]]:
    """Of each head in each layer, lowest first: how much the loss of a row changes, in the mean, as it is taken out; each layer of length 1.

    Args:
        model: A freshly loaded one on its device. Its new heads learn the rows first, on the encoder as it is.
        examples: Rows of the job.
        task: Of the job.
        recipe: Of the run; dropout plays no part.

    Raises:
        TrainingFailed: The encoder is none of BERT's kind.
    """
    encoder: Any = model.encoder
    counts = head_counts(encoder)
    model.eval()
    learn_heads(model, examples, task, recipe)
    outputs = [output_of(attention) for attention in attentions(encoder)]
    found = [torch.zeros(count) for count in counts]
    for batch in batches(examples, _AT_ONCE, task.collate):
        seen: list[Tensor] = []
        hooks = [output.register_forward_pre_hook(_remember(seen)) for output in outputs]
        try:
            loss_of(model, batch, task, recipe).backward()  # type: ignore[no-untyped-call]
        finally:
            for hook in hooks:
                hook.remove()
        for place, (count, states) in enumerate(zip(counts, seen, strict=True)):
            if states.grad is not None:
                parts = (states.detach() * states.grad).view(*states.shape[:2], count, -1)
                found[place] += parts.sum(dim=(1, 3)).abs().sum(dim=0).float().cpu()
        model.zero_grad()
    return [(one / one.norm().clamp(min=1e-12)).tolist() for one in found]


def _remember(seen: list[Tensor]) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
    def remember(_output: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        inputs[0].retain_grad()
        seen.append(inputs[0])

    return remember
