"""The encoder stays as it is, but for its uppermost layers where that is wished; the heads are trained."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from transformers.modeling_outputs import BaseModelOutput

from services.training.fitting.rates import Rates
from services.training.models.task_model import TaskModel
from services.training.tunings.tuning import Tuning
from shared.contracts.training.tunings import Frozen
from shared.errors import TrainingFailed

#: Epochs over cached states cost next to nothing.
_EPOCHS = 40


class FrozenTuning(Tuning):
    """Heads alone, on states that are computed once; or heads and the uppermost layers.

    Args:
        spec: How many layers.
    """

    def __init__(self, spec: Frozen) -> None:
        self.spec = spec
        self.rates = Rates(encoder=1e-4, moves_words=True) if spec.layers else Rates(encoder=0.0, epochs=_EPOCHS)

    def apply(self, model: TaskModel, occurring: Tensor, steps: int) -> None:
        """Freeze; remember states if none can change."""
        del occurring, steps
        model.encoder.requires_grad_(requires_grad=False)
        if not self.spec.layers:
            model.encoder_stays()
            model.encoder = RememberedStates(model.encoder)
            return
        layers = model.stack
        if self.spec.layers > len(layers):
            raise TrainingFailed(
                f"The base model has {len(layers)} layers, and {self.spec.layers} of them are to be trained. Name fewer.",
                param="tuning.layers",
            )
        for layer in layers[len(layers) - self.spec.layers :]:
            layer.requires_grad_(requires_grad=True)

    def merge(self, model: TaskModel) -> None:
        """Bare the encoder."""
        if isinstance(model.encoder, RememberedStates):
            model.encoder = model.encoder.encoder


class RememberedStates(nn.Module):
    """A frozen encoder that runs each text only once: its states never change, so that later epochs cost next to nothing.

    Args:
        encoder: Stays in evaluation mode.
        capacity: Bytes of states kept, as float16; texts beyond it are encoded every time.
    """

    def __init__(self, encoder: nn.Module, capacity: int = 2 * 1024**3) -> None:
        super().__init__()
        self.encoder = encoder.eval()
        self._states: dict[bytes, Tensor] = {}
        self._room = capacity

    def train(self, mode: bool = True) -> RememberedStates:
        """Only the mode of this layer is set: dropout in a frozen encoder would make its states random."""
        self.training = mode
        return self

    @torch.no_grad()
    def forward(self, input_ids: Tensor, attention_mask: Tensor, **types: Tensor) -> BaseModelOutput:
        """The states of a batch, from memory where they are known; ``types`` are ``token_type_ids``, where the encoder has them."""
        lengths = attention_mask.sum(dim=1).tolist()
        inputs = torch.stack([input_ids, *types.values()], dim=1).cpu()
        keys = [row[:, :length].numpy().tobytes() for row, length in zip(inputs, lengths, strict=True)]
        unknown = [row for row, key in enumerate(keys) if key not in self._states]
        fresh: dict[int, Tensor] = {}
        if unknown:
            new = {"input_ids": input_ids, "attention_mask": attention_mask, **types}
            states = self.encoder(**{name: tensor[unknown] for name, tensor in new.items()}).last_hidden_state
            # Rounded at once: remembered or not, a text always has the same states.
            fresh = {row: state[: lengths[row]].half() for row, state in zip(unknown, states, strict=True)}
        found = [fresh[row] if row in fresh else self._states[key] for row, key in enumerate(keys)]
        for row, state in fresh.items():
            self._remember(keys[row], state)
        return BaseModelOutput(last_hidden_state=pad_sequence(found, batch_first=True).float())

    def _remember(self, key: bytes, state: Tensor) -> None:
        size = state.numel() * state.element_size()
        if size <= self._room:
            self._states[key] = state
            self._room -= size
