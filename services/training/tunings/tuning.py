"""What a tuning is: it decides which weights are trained, may wrap the encoder for that, and leaves one plain model behind."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from services.training.fitting.rates import Rates
from services.training.models.task_model import TaskModel


class Tuning:
    """Changes nothing beyond what it is told to; each tuning overrides what it needs.

    Attributes:
        rates: What it bears.
    """

    rates: Rates

    def apply(self, model: TaskModel, occurring: Tensor, steps: int) -> None:
        """Freeze and wrap a freshly loaded model, in place.

        Args:
            model: On the device that it will be trained on.
            occurring: [n] int64 distinct ids of the words of the training rows.
            steps: Optimizer steps of the whole run.

        Raises:
            TrainingFailed: The encoder is not of a kind that can be tuned so.
        """

    def penalty(self, model: TaskModel) -> Tensor | None:
        """What is added to the loss of each piece, if anything is."""
        del model
        return None

    def stepped(self, model: TaskModel, step: int) -> None:
        """After optimizer step number ``step``, from 1, with its gradients still there."""

    def state(self, model: TaskModel) -> dict[str, Tensor]:
        """What a run needs besides its weights to go on where it was."""
        del model
        return {}

    def load_state(self, model: TaskModel, state: Mapping[str, Tensor]) -> None:
        """Undo ``state``, on a model that was wrapped anew."""

    def merge(self, model: TaskModel) -> None:
        """Fold what was wrapped into the model, in place: exact, and repeatable. What cannot be folded stays, without what only training needs."""
