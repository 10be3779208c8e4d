"""A bottleneck behind each layer is trained, and the heads."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from services.training.fitting.rates import Rates
from services.training.models.encoder import layers_of
from services.training.models.task_model import TaskModel
from services.training.tunings.tuning import Tuning
from shared.contracts.training.tunings import Adapter


class Bottleneck(nn.Module):
    """A layer, and behind it a small network around which the states pass: it begins as nothing.

    Args:
        layer: A frozen layer, whose output is the states [b, s, d], or a tuple that begins with them.
        width: Of the states.
        size: Of the bottleneck.
    """

    def __init__(self, layer: nn.Module, width: int, size: int) -> None:
        super().__init__()
        self.layer = layer
        device = next(layer.parameters()).device
        self.down = nn.Linear(width, size, device=device)
        self.up = nn.Linear(size, width, device=device)
        nn.init.normal_(self.down.weight, std=width**-0.5)
        nn.init.zeros_(self.down.bias)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """What the layer gives, with the states changed."""
        output = self.layer(*inputs, **options)
        if isinstance(output, tuple):
            return (self._changed(output[0]), *output[1:])
        return self._changed(output)

    def _changed(self, states: Tensor) -> Tensor:
        changed: Tensor = states + self.up(functional.gelu(self.down(states)))
        return changed


class AdapterTuning(Tuning):
    """Bottleneck adapters: they bend the states by what is no linear map, and stay in the graph.

    Args:
        spec: How wide they are.
    """

    rates = Rates(encoder=1e-3, more_epochs=1.5)

    def __init__(self, spec: Adapter) -> None:
        self.spec = spec

    def apply(self, model: TaskModel, occurring: Tensor, steps: int) -> None:
        """Freeze the encoder; put a bottleneck behind each of its layers."""
        del occurring, steps
        model.encoder.requires_grad_(requires_grad=False)
        layers = layers_of(model.encoder, model.layers)
        for place, layer in enumerate(layers):
            layers[place] = Bottleneck(layer, model.width, self.spec.size)
        model.bent = True
