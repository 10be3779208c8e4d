"""Updates of low rank, and learned factors, by peft: they fold into the weights that they change."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from services.training.fitting.rates import Rates
from services.training.models.task_model import TaskModel
from services.training.tunings.tuning import Tuning
from shared.contracts.training.tunings import AdaLora, Dora, Ia3, Lora
from shared.decoding.lora import Factors
from shared.errors import TrainingFailed

if TYPE_CHECKING:
    from peft import PeftConfig


#: Weight of the updates' distance from a singular value decomposition.
_ORTHOGONALITY = 0.1

#: What peft calls the only adapter of a model.
_ONLY = "default"

#: What AdaLoRA remembers of each weight, by the names of peft.
_MOMENTS = ("ipt", "exp_avg_ipt", "exp_avg_unc")


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
            model.updates = self.kept(encoder)
            with warnings.catch_warnings(action="ignore", category=FutureWarning):
                model.encoder = encoder.merge_and_unload()

    def kept(self, encoder: nn.Module) -> Mapping[str, Factors]:
        """Of a wrapped encoder, the updates that are wanted by themselves too."""
        del encoder
        return {}


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

    def kept(self, encoder: nn.Module) -> Mapping[str, Factors]:
        """Those of a job that wants them apart."""
        return _updates(encoder) if isinstance(self.spec, Lora) and self.spec.apart else {}


def _updates(wrapped: nn.Module) -> Mapping[str, Factors]:
    """The updates of an encoder that is wrapped and not merged yet, by the names of its linear layers."""
    found = {}
    for name, module in wrapped.named_modules():
        layer: Any = module
        if hasattr(layer, "lora_A") and _ONLY in layer.lora_A:
            down, up = layer.lora_A[_ONLY].weight, layer.lora_B[_ONLY].weight * layer.scaling[_ONLY]
            arrays = (weight.detach().float().cpu().numpy().T.copy() for weight in (down, up))
            found[name.removeprefix("base_model.model.")] = Factors(*arrays)
    return found


class AdaLoraTuning(PeftTuning):
    """AdaLoRA: singular values of little use are set to zero while it trains.

    Args:
        spec: Rank, scale, dropout.
    """

    rates = Rates(encoder=2e-3, more_epochs=1.5)

    def __init__(self, spec: AdaLora) -> None:
        self.spec = spec

    def config(self, steps: int) -> PeftConfig:
        """A tenth of the steps at full rank, then down to the budget, which the last four tenths keep (as in the paper)."""
        from peft import AdaLoraConfig

        return AdaLoraConfig(
            init_r=self.spec.rank * 3 // 2,
            target_r=self.spec.rank,
            lora_alpha=self.spec.alpha,  # type: ignore[arg-type]  # a fraction is as good
            lora_dropout=self.spec.dropout,
            target_modules="all-linear",
            total_step=steps,
            tinit=steps // 10,
            tfinal=steps * 4 // 10,
            deltaT=max(1, steps // 100),
            orth_reg_weight=_ORTHOGONALITY,
        )

    def penalty(self, model: TaskModel) -> Tensor | None:
        """How far the updates are from a singular value decomposition: peft adds it to losses that it computes itself, which ours is not."""
        gaps = [
            torch.dist(directions @ directions.T, torch.eye(len(directions), device=weight.device), p=2)
            for name, weight in model.encoder.named_parameters()
            if "lora_A" in name or "lora_B" in name
            for directions in (weight if "lora_A" in name else weight.T,)
        ]
        return _ORTHOGONALITY * torch.stack(gaps).mean() if gaps else None

    def stepped(self, model: TaskModel, step: int) -> None:
        """Weigh the singular values, and give the budget out anew."""
        self._adalora(model).update_and_allocate(step)

    def state(self, model: TaskModel) -> dict[str, Tensor]:
        """The smoothed importance of every weight, and which singular values are kept once that is decided."""
        allocator, pattern = self._adalora(model).rankallocator, self._pattern(model)
        found = {f"{kind}/{name}": t for kind in _MOMENTS for name, t in getattr(allocator, kind).items()}
        return found | {f"pattern/{name}": torch.tensor(kept) for name, kept in pattern.items()}

    def load_state(self, model: TaskModel, state: Mapping[str, Tensor]) -> None:
        """See ``state``."""
        allocator = self._adalora(model).rankallocator
        for key, tensor in state.items():
            kind, _, name = key.partition("/")
            if kind == "pattern":
                self._config(model).rank_pattern[name] = tensor.tolist()
            else:
                getattr(allocator, kind)[name] = tensor.to(model.device)

    def _adalora(self, model: TaskModel) -> Any:
        encoder: Any = model.encoder
        return encoder.base_model

    def _config(self, model: TaskModel) -> Any:
        adalora = self._adalora(model)
        config = adalora.peft_config[adalora.trainable_adapter_name]
        config.rank_pattern = config.rank_pattern or {}
        return config

    def _pattern(self, model: TaskModel) -> Mapping[str, list[bool]]:
        pattern: Mapping[str, list[bool]] = self._config(model).rank_pattern
        return pattern


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
