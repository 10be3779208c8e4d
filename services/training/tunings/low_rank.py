"""Updates of low rank, and learned factors, by peft: they fold into the weights that they change."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from torch import Tensor

from services.training.fitting.rates import Rates
from services.training.models.task_model import TaskModel
from services.training.tunings.tuning import Tuning
from shared.contracts.tunings import Dora, Ia3, Lora
from shared.errors import TrainingFailed

if TYPE_CHECKING:
    from peft import PeftConfig


class PeftTuning(Tuning, ABC):
    """Wraps the encoder by peft while it trains, and merges it."""

    @abstractmethod
    def config(self, steps: int) -> PeftConfig:
        """What peft is asked for, in a run of so many steps."""

    def apply(self, model: TaskModel, occurring: Tensor, steps: int) -> None:
        """Freeze the encoder and wrap it."""
        del occurring
        from peft import get_peft_model  # takes seconds, which other tunings need not wait for

        model.encoder.requires_grad_(requires_grad=False)
        try:
            with warnings.catch_warnings(action="ignore", category=FutureWarning):  # of transformers to peft
                model.encoder = get_peft_model(model.encoder, self.config(steps))
        except ValueError as error:
            raise TrainingFailed(
                f"The base model cannot be tuned so: {str(error).partition(chr(10))[0]} Use tuning 'full'.",
                param="tuning.type",
            ) from error

    def merge(self, model: TaskModel) -> None:
        """Fold the updates into their layers."""
        encoder: Any = model.encoder
        if hasattr(encoder, "merge_and_unload"):
            with warnings.catch_warnings(action="ignore", category=FutureWarning):
                model.encoder = encoder.merge_and_unload()


class LoraTuning(PeftTuning):
    """LoRA or DoRA on every linear layer of the encoder.

    Args:
        spec: Rank, scale, dropout.
    """

    rates = Rates(encoder=1e-3)

    def __init__(self, spec: Lora | Dora) -> None:
        self.spec = spec

    def config(self, steps: int) -> PeftConfig:
        """See ``PeftTuning``."""
        del steps
        from peft import LoraConfig

        return LoraConfig(
            r=self.spec.rank,
            lora_alpha=self.spec.alpha,  # type: ignore[arg-type]  # a fraction is as good
            lora_dropout=self.spec.dropout,
            target_modules="all-linear",
            use_dora=self.spec.type == "dora",
        )


class Ia3Tuning(PeftTuning):
    """(IA)³ where peft knows the architecture's keys, values and feed-forward layers.

    Args:
        spec: Has no options.
    """

    rates = Rates(encoder=5e-3, more_epochs=1.5)

    def __init__(self, spec: Ia3) -> None:
        self.spec = spec

    def config(self, steps: int) -> PeftConfig:
        """See ``PeftTuning``."""
        del steps
        from peft import IA3Config

        return IA3Config()
