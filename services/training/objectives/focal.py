"""Focal loss: what is told surely and rightly counts less, so that training turns to what is hard (Lin et al. 2017, arXiv:1708.02002)."""

from __future__ import annotations

import dataclasses

from services.training.fitting.choice_loss import ChoiceLoss
from services.training.objectives.objective import Learned, Objective, require_choices
from shared.contracts.training.objectives import Focal


class FocalObjective(Objective):
    """Multiplies each loss by a power of the doubt about the truth.

    Args:
        spec: The power.
        learned: The columns of each head.

    Raises:
        TrainingFailed: No head chooses.
    """

    def __init__(self, spec: Focal, learned: Learned) -> None:
        require_choices(spec, learned)
        self._gamma = spec.gamma

    def charge(self, inner: ChoiceLoss) -> ChoiceLoss:
        """The same losses, by how hard each is."""
        return dataclasses.replace(inner, gamma=self._gamma)
