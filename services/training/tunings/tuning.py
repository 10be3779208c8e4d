"""Which weights are trained: all of them, low-rank updates of the encoder, or the heads alone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from services.training.fitting.recipe import Recipe
from services.training.tasks.nlu.model import JointModel
from services.training.tunings import vocabulary


class LowRankLinear(nn.Module):
    """A frozen linear layer plus a trained update of low rank (LoRA, Hu et al. 2021, arXiv:2106.09685).

    Args:
        linear: The layer to update; its weights are frozen.
        rank: Rank of the update.
        alpha: The update is multiplied by ``alpha / rank``.
        dropout: On the input of the update.
    """

    def __init__(self, linear: nn.Linear, rank: int, alpha: float, dropout: float) -> None:
        super().__init__()
        self.linear = linear.requires_grad_(requires_grad=False)
        device = linear.weight.device
        self.down = nn.Parameter(torch.empty(rank, linear.in_features, device=device))
        self.up = nn.Parameter(torch.zeros(linear.out_features, rank, device=device))
        self.dropout = nn.Dropout(dropout)
        self.scale = alpha / rank
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))

    def forward(self, inputs: Tensor) -> Tensor:
        """The frozen layer's output plus the update's."""
        update = functional.linear(functional.linear(self.dropout(inputs), self.down), self.up)
        output: Tensor = self.linear(inputs) + self.scale * update
        return output

    @torch.no_grad()
    def merged(self) -> nn.Linear:
        """A plain layer that computes the same."""
        self.linear.weight += self.scale * (self.up @ self.down)
        return self.linear


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


def apply(model: JointModel, recipe: Recipe, occurring: Tensor) -> list[dict[str, Any]]:
    """Freeze, wrap and group the weights of a freshly loaded model.

    Args:
        model: Wrapped in place.
        recipe: Of the run.
        occurring: [n] int64 distinct ids of the words of the training rows: full tuning trains no others.

    Returns:
        Parameter groups for the optimizer: each with ``lr``, ``weight_decay`` (0 for biases and norms) and ``params``.
    """
    tuning = recipe.tuning
    if tuning.type == "full" and isinstance(model.encoder, PreTrainedModel):
        vocabulary.freeze_unused(model.encoder, occurring)
    if tuning.type != "full":
        model.encoder.requires_grad_(requires_grad=False)
    if tuning.type == "frozen":
        # With its encoder unchanged the embedding is already the base model's.
        model.projection.requires_grad_(requires_grad=False)
        model.encoder = RememberedStates(model.encoder)
    if tuning.type == "lora":
        for owner, name, linear in list(_linears(model.encoder)):
            setattr(owner, name, LowRankLinear(linear, tuning.rank, tuning.alpha, tuning.dropout))
    return _groups(model, recipe)


def merge(model: JointModel) -> JointModel:
    """Undo what ``apply`` wrapped: fold updates into their layers and words into their table, bare the encoder.

    In place, exact, repeatable.
    """
    if isinstance(model.encoder, RememberedStates):
        model.encoder = model.encoder.encoder
    if isinstance(model.encoder, PreTrainedModel):
        vocabulary.restore(model.encoder)
    for owner in list(model.modules()):
        for name, child in list(owner.named_children()):
            if isinstance(child, LowRankLinear):
                setattr(owner, name, child.merged())
    return model


def _linears(root: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Linear]]:
    for owner in root.modules():
        for name, child in owner.named_children():
            if isinstance(child, nn.Linear):
                yield owner, name, child


def _groups(model: JointModel, recipe: Recipe) -> list[dict[str, Any]]:
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        rate = recipe.encoder_rate if name.startswith("encoder.") else recipe.head_rate
        decay = recipe.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    return [{"params": params, "lr": rate, "weight_decay": decay} for (rate, decay), params in groups.items()]
