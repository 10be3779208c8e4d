"""What a wrong choice costs: cross-entropy, which objectives may let count more for some labels, or for what is hard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from services.training.fitting.batching import IGNORED

#: Least doubt that is raised to a power: at 0 the gradient of a power below 1 is infinite.
_LEAST_DOUBT = 1e-6


@dataclass(frozen=True, slots=True)
class ChoiceLoss:
    """The losses of the heads that choose; every such head of every task is charged by it.

    Attributes:
        weights: By head, what a row of each column's label weighs; 1 each in a head that is not named.
        gamma: Power of the doubt about the truth that a loss is multiplied by (focal loss, Lin et al. 2017, arXiv:1708.02002); 0: none.
    """

    weights: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    gamma: float = 0.0

    def one_of(self, head: str, logits: Tensor, columns: Tensor, smoothing: float = 0.0) -> Tensor:
        """The sum of the losses where one label is right.

        Args:
            head: As rows name it.
            logits: [n, labels].
            columns: [n] int64, the right ones; ``IGNORED`` where none is known.
            smoothing: Probability spread over the wrong labels.
        """
        logits = logits.float()
        weights = self._weights(head, logits)
        if weights is None and not self.gamma:
            return cross_entropy(logits, columns, ignore_index=IGNORED, label_smoothing=smoothing, reduction="sum")
        losses = cross_entropy(logits, columns, ignore_index=IGNORED, label_smoothing=smoothing, reduction="none")
        known = columns.clamp(min=0)
        if self.gamma:
            losses = losses * self._doubt(logits.softmax(dim=-1).gather(-1, known.unsqueeze(-1)).squeeze(-1))
        return (losses if weights is None else losses * weights[known]).sum()

    def any_of(self, head: str, logits: Tensor, marks: Tensor) -> Tensor:
        """The sum of the losses where any number of labels may be right; only those that are take their weights.

        Args:
            head: As rows name it.
            logits: [n, labels].
            marks: [n, labels], 1 for what is right.
        """
        logits = logits.float()
        weights = self._weights(head, logits)
        if weights is None and not self.gamma:
            return binary_cross_entropy_with_logits(logits, marks, reduction="sum")
        losses = binary_cross_entropy_with_logits(logits, marks, reduction="none")
        if self.gamma:
            losses = losses * self._doubt(torch.where(marks > 0, logits, -logits).sigmoid())
        return (losses if weights is None else losses * torch.where(marks > 0, weights, 1.0)).sum()

    def _weights(self, head: str, logits: Tensor) -> Tensor | None:
        weights = self.weights.get(head)
        return None if weights is None else torch.tensor(weights, device=logits.device)

    def _doubt(self, probability: Tensor) -> Tensor:
        return (1 - probability).clamp(min=_LEAST_DOUBT) ** self.gamma
