"""Distillation: a student learns what a teacher answers, doubts included (Hinton et al. 2015, arXiv:1503.02531)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity, logsigmoid

from services.training.fitting.batching import IGNORED, Batch
from services.training.models.task_model import Outputs, TaskModel
from services.training.objectives.objective import Loss, Objective
from services.training.objectives.soft_targets import SoftTargets, TokenStates
from shared.contracts.training.objectives import Distillation
from shared.errors import TrainingFailed

#: What tokens weigh beside whole texts, as in the loss of the joint model: most belong to no entity and are soon learned.
_TOKENS = 3.0


class DistillationObjective(Objective):
    """Adds how far a student's answers are from its teacher's, and its states from the teacher's states.

    Args:
        spec: How much both weigh.
    """

    def __init__(self, spec: Distillation) -> None:
        self.spec = spec
        self._targets: SoftTargets | None = None

    def follow(self, targets: SoftTargets) -> None:
        """Learn from these; they are of the training examples in their order."""
        self._targets = targets

    def loss(self, inner: Loss) -> Loss:
        """The loss of one pass and the distance to the teacher."""

        def taught(model: TaskModel, piece: Batch, whole: Any) -> tuple[Tensor, Outputs]:
            if self._targets is None:
                raise TrainingFailed("'distillation' has no teacher. Name one of your models.", param="objectives")
            with _shown(model) as states:
                total, outputs = inner(model, piece, whole)
            total = total + self.spec.weight * self._apart(outputs, piece, self._targets) / whole.rows
            if self._targets.states is not None and self.spec.hidden_weight:
                total = (
                    total + self.spec.hidden_weight * states_apart(states[0], piece, self._targets.states) / whole.rows
                )
            return total, outputs

        return taught

    def _apart(self, outputs: Outputs, piece: Batch, targets: SoftTargets) -> Tensor:
        """The sum over the texts of a piece and over the outputs."""
        total = piece.mask.new_zeros((), dtype=torch.float32)
        longest, heat = piece.mask.shape[1], self.spec.temperature
        for name in targets.logits:
            wanted = targets.of(name, piece.positions, longest).to(piece.mask.device) / heat
            apart = divergence(outputs[name].float() / heat, wanted, independent=name in targets.independent)
            if name in targets.of_tokens:
                apart = _TOKENS * _mean_of_texts(apart, piece.targets[name] != IGNORED)
            total = total + heat**2 * apart.sum()
        return total


def divergence(student: Tensor, teacher: Tensor, *, independent: bool = False) -> Tensor:
    """The divergence [...] of distributions with logits [..., columns] from a teacher's; the sum of it where columns are independent."""
    if independent:
        yes = (logsigmoid(teacher) - logsigmoid(student)) * teacher.sigmoid()
        no = (logsigmoid(-teacher) - logsigmoid(-student)) * (-teacher).sigmoid()
        return (yes + no).sum(dim=-1)
    wanted = teacher.log_softmax(dim=-1)
    return (wanted.exp() * (wanted - student.log_softmax(dim=-1))).sum(dim=-1)


def states_apart(states: Tensor, piece: Batch, teacher: TokenStates) -> Tensor:
    """The sum over texts of the mean distance of their tokens' states [b, s, d] to the teacher's.

    The distance is that of directions. Where the widths differ, it is that of how each token resembles the others of its text. Texts
    that an epoch reads in another context than the teacher did are left out.
    """
    wanted, lengths = teacher.of(piece.positions, states.shape[1])
    wanted, lengths = wanted.to(states.device), lengths.to(states.device)
    real = (piece.mask == 1) & (piece.mask.sum(dim=1) == lengths).unsqueeze(-1)
    found = states.float()
    if found.shape[-1] == wanted.shape[-1]:
        return _mean_of_texts(1 - cosine_similarity(found, wanted, dim=-1), real).sum()
    apart = divergence(_likeness(found, piece.mask), _likeness(wanted, piece.mask))
    return _mean_of_texts(apart, real).sum()


def _likeness(states: Tensor, mask: Tensor) -> Tensor:
    """Logits [b, s, s] of how much each token resembles the others (Wang et al. 2020, arXiv:2012.15828)."""
    products = states @ states.transpose(1, 2) / states.shape[-1] ** 0.5
    masked: Tensor = products.masked_fill(mask.unsqueeze(1) == 0, -1e4)
    return masked


def _mean_of_texts(values: Tensor, counted: Tensor) -> Tensor:
    """The mean [b] of values [b, s] where they count; 0 where none does."""
    return values.masked_fill(~counted, 0.0).sum(dim=1) / counted.sum(dim=1).clamp(min=1)


@contextmanager
def _shown(model: TaskModel) -> Iterator[list[Tensor]]:
    """The token states [b, s, d] that the encoder gives meanwhile, pass by pass."""
    found: list[Tensor] = []
    hook = model.encoder.register_forward_hook(
        lambda _encoder, _inputs, outputs: found.append(outputs.last_hidden_state)
    )
    try:
        yield found
    finally:
        hook.remove()
