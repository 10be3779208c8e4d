"""Every weight is trained, but of the words only those that occur."""

from __future__ import annotations

from torch import Tensor
from transformers import PreTrainedModel

from services.training.fitting.rates import Rates
from services.training.models.task_model import TaskModel
from services.training.tunings import vocabulary
from services.training.tunings.tuning import Tuning
from shared.contracts.training.tunings import Full


class FullTuning(Tuning):
    """Full fine-tuning.

    Args:
        spec: Has no options.
    """

    rates = Rates(encoder=1e-4, moves_words=True)

    def __init__(self, spec: Full) -> None:
        self.spec = spec

    def apply(self, model: TaskModel, occurring: Tensor, steps: int) -> None:
        """Only the words that occur are trained, unless the model has to tell them from all others."""
        del steps
        if isinstance(model.encoder, PreTrainedModel) and not model.writes:
            vocabulary.freeze_unused(model.encoder, occurring)

    def merge(self, model: TaskModel) -> None:
        """The words go back into their table."""
        if isinstance(model.encoder, PreTrainedModel):
            vocabulary.restore(model.encoder)
