"""Biases are trained, and the heads."""

from __future__ import annotations

from torch import Tensor

from services.training.fitting.rates import Rates
from services.training.models.task_model import TaskModel
from services.training.tunings.tuning import Tuning
from shared.contracts.training.tunings import BitFit
from shared.errors import TrainingFailed


class BitFitTuning(Tuning):
    """BitFit: nothing is wrapped, so that nothing has to be merged.

    Args:
        spec: Has no options.
    """

    rates = Rates(encoder=2e-3, more_epochs=1.5)

    def __init__(self, spec: BitFit) -> None:
        self.spec = spec

    def apply(self, model: TaskModel, occurring: Tensor, steps: int) -> None:
        """Only vectors called bias are trained in the encoder, those of its norms too.

        Raises:
            TrainingFailed: There are none, as in Llama.
        """
        del occurring, steps
        for name, weight in model.encoder.named_parameters():
            weight.requires_grad_(name.endswith("bias"))
        if not any(weight.requires_grad for weight in model.parameters()):
            raise TrainingFailed(
                f"{type(model.encoder).__name__} has no biases, so that there is nothing to train. Use tuning 'ia3' or 'lora'.",
                param="tuning.type",
            )
