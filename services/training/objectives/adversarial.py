"""Adversarial training: another look at each batch, with its words moved to where the model errs more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from services.training.fitting.batching import Batch
from services.training.models.task_model import TaskModel
from services.training.objectives.objective import GradientPass, Objective
from shared.contracts.training.objectives import Adversarial

#: How much longer the steps of several are together than the distance that they may lead to.
_STRIDE = 1.5


class AdversarialObjective(Objective):
    """Moves the table of words, instead of each text's own vectors: a word is moved alike wherever it stands in the batch.

    Args:
        spec: How far, and by which method.
    """

    def __init__(self, spec: Adversarial) -> None:
        self._spec = spec

    def gradients(self, inner: GradientPass, model: TaskModel) -> GradientPass:
        """The batch as it is, then moved; the gradients of what the method trains on are added up."""
        reach = self._spec.distance * model.word_length
        steps = 1 if self._spec.method == "fgm" else self._spec.steps

        def attacked(batch: Batch) -> float:
            loss = inner(batch)
            if steps == 1:
                with moved_against(model.word_embeddings, reach):
                    inner(batch)
            else:
                self._in_steps(inner, batch, model, reach)
            return loss

        return attacked

    def _in_steps(self, inner: GradientPass, batch: Batch, model: TaskModel, reach: float) -> None:
        """Each step starts where the one before ended, and none leaves the ball of radius ``reach``."""
        trained = [weight for weight in model.parameters() if weight.requires_grad]
        clean = _gradients(trained)
        total, steps = clean, self._spec.steps
        words = model.word_embeddings
        with restored(words) as original:
            for number in range(steps):
                _move(words, original, _STRIDE * reach / steps, reach)
                _set_gradients(trained, None)
                inner(batch)
                if self._spec.method == "freelb":
                    total = _added(total, _gradients(trained), 1 / steps)
                elif number == steps - 1:
                    total = _added(total, _gradients(trained), 1.0)
        _set_gradients(trained, total)


@contextmanager
def moved_against(embeddings: Tensor, distance: float) -> Iterator[None]:
    """Move word embeddings, for the time being, in the direction in which the loss of a batch grows fastest.

    Afterwards the table is, to the bit, what it was.

    Args:
        embeddings: [v, d] the table, with the batch's gradient in ``grad``. Words that do not occur have none, and stay.
        distance: How far the table is moved in all (L2).
    """
    with restored(embeddings):
        with torch.no_grad():
            embeddings.add_(_direction(embeddings), alpha=distance)
        yield


@contextmanager
def restored(embeddings: Tensor) -> Iterator[Tensor]:
    """Put a table back as it was; yields a copy of it."""
    original = embeddings.detach().clone()
    try:
        yield original
    finally:
        with torch.no_grad():
            embeddings.copy_(original)


@torch.no_grad()
def _move(words: Tensor, original: Tensor, stride: float, reach: float) -> None:
    words.add_(_direction(words), alpha=stride)
    away = words - original
    length = float(away.norm())
    if length > reach:
        words.copy_(original + away * (reach / length))


def _direction(embeddings: Tensor) -> Tensor:
    """The gradient at length one; zeros where there is none, or none to divide by."""
    gradient = torch.zeros_like(embeddings) if embeddings.grad is None else embeddings.grad
    norm = gradient.norm()
    return gradient / norm if norm > 0 and norm.isfinite() else torch.zeros_like(gradient)


_Gradients = list[Tensor | None]


def _gradients(weights: list[torch.nn.Parameter]) -> _Gradients:
    return [None if weight.grad is None else weight.grad.detach().clone() for weight in weights]


def _set_gradients(weights: list[torch.nn.Parameter], gradients: _Gradients | None) -> None:
    for weight, gradient in zip(weights, gradients or [None] * len(weights), strict=True):
        weight.grad = gradient


def _added(one: _Gradients, other: _Gradients, share: float) -> _Gradients:
    return [_sum(left, right, share) for left, right in zip(one, other, strict=True)]


def _sum(left: Tensor | None, right: Tensor | None, share: float) -> Tensor | None:
    if right is None:
        return left
    return right * share if left is None else left + right * share
