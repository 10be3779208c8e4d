"""R-Drop: two passes of a batch, with other dropout, have to agree (Liang et al. 2021, arXiv:2106.14448)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torch import Tensor
from torch.nn.functional import kl_div

from services.training.fitting.batching import Batch
from services.training.models.task_model import Outputs, TaskModel
from services.training.objectives.objective import Loss, Objective
from shared.contracts.training.objectives import RDrop


class RDropObjective(Objective):
    """Adds the symmetric divergence of the two passes, head by head, to the mean of their losses.

    Args:
        spec: What the disagreement weighs.
        distributions: The logits [n, labels] of each head on what it is asked about.
    """

    def __init__(self, spec: RDrop, distributions: Callable[[Outputs, Batch], Iterable[Tensor]]) -> None:
        self._weight = spec.weight
        self._distributions = distributions

    def loss(self, inner: Loss) -> Loss:
        """The loss of both passes."""

        def doubled(model: TaskModel, piece: Batch, whole: Any) -> tuple[Tensor, Outputs]:
            one, outputs = inner(model, piece, whole)
            other, again = inner(model, piece, whole)
            pairs = zip(self._distributions(outputs, piece), self._distributions(again, piece), strict=True)
            apart = sum((_disagreement(*pair) for pair in pairs if len(pair[0])), start=one.new_zeros(()))
            share = len(piece) / whole.rows
            return (one + other) / 2 + self._weight * share * apart, outputs

        return doubled


def _disagreement(one: Tensor, other: Tensor) -> Tensor:
    """The mean over rows of the two divergences' mean."""
    first, second = one.float().log_softmax(dim=-1), other.float().log_softmax(dim=-1)
    forth = kl_div(first, second, reduction="batchmean", log_target=True)
    back = kl_div(second, first, reduction="batchmean", log_target=True)
    return (forth + back) / 2
