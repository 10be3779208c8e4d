"""Virtual words before the text are trained, and the heads."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from services.training.fitting.rates import Rates
from services.training.models.encoder import word_table
from services.training.models.task_model import TaskModel
from services.training.tunings.tuning import Tuning
from shared.contracts.training.tunings import Prompt, PTuning
from shared.errors import TrainingFailed


class VirtualTokens(nn.Module):
    """An encoder that reads a few learned vectors before each text; its states are those of the text alone.

    Args:
        encoder: Frozen.
        tokens: How many vectors.
        width: Of a hidden layer that makes them while they are trained (p-tuning); ``None``: they are trained themselves.
    """

    def __init__(self, encoder: PreTrainedModel, tokens: int, width: int | None) -> None:
        super().__init__()
        self.encoder = encoder
        table = word_table(encoder).detach()
        chosen = torch.linspace(1, len(table) - 1, tokens, device=table.device).long()
        self.seeds = nn.Parameter(table[chosen].clone())
        size, device = table.shape[1], table.device
        self.network: nn.Module | None = None
        if width is not None:
            last = nn.Linear(width, size, device=device)
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
            self.network = nn.Sequential(nn.Linear(size, width, device=device), nn.GELU(), last)

    @property
    def vectors(self) -> Tensor:
        """What is read before a text, [tokens, d]."""
        return self.seeds if self.network is None else self.seeds + self.network(self.seeds)

    @torch.no_grad()
    def settle(self) -> None:
        """Keep what the network makes, and let it go."""
        if self.network is not None:
            self.seeds.copy_(self.vectors)
            self.network = None

    def forward(self, input_ids: Tensor, attention_mask: Tensor, **types: Tensor) -> BaseModelOutput:
        """The states [b, s, d] of the texts."""
        count, rows = len(self.seeds), input_ids.shape[0]
        virtual = self.vectors.unsqueeze(0).expand(rows, -1, -1)
        embeddings = torch.cat([virtual, self.encoder.get_input_embeddings()(input_ids)], dim=1)
        seen = torch.cat([attention_mask.new_ones(rows, count), attention_mask], dim=1)
        longer = {name: torch.cat([ids.new_zeros(rows, count), ids], dim=1) for name, ids in types.items()}
        states = self.encoder(inputs_embeds=embeddings, attention_mask=seen, **longer).last_hidden_state
        return BaseModelOutput(last_hidden_state=states[:, count:])


class VirtualTokenTuning(Tuning):
    """Prompt tuning and p-tuning: the vectors stay in the graph, as constants.

    Args:
        spec: How many, and how they are made.
    """

    rates = Rates(encoder=1e-2, more_epochs=2.0)

    def __init__(self, spec: Prompt | PTuning) -> None:
        self.spec = spec

    def apply(self, model: TaskModel, occurring: Tensor, steps: int) -> None:
        """Freeze the encoder, and put the vectors before what it reads."""
        del occurring, steps
        encoder = model.encoder
        if not isinstance(encoder, PreTrainedModel):
            raise TypeError("The encoder is wrapped already.")
        room = getattr(model.config, "max_position_embeddings", None)
        if room is not None and self.spec.tokens >= room:
            raise TrainingFailed(
                f"The base model reads {room} tokens, and {self.spec.tokens} virtual ones leave no room for a text. Use fewer.",
                param="tuning.tokens",
            )
        encoder.requires_grad_(requires_grad=False)
        width = self.spec.width if isinstance(self.spec, PTuning) else None
        model.encoder = VirtualTokens(encoder, self.spec.tokens, width)

    def merge(self, model: TaskModel) -> None:
        """Only the vectors stay."""
        if isinstance(model.encoder, VirtualTokens):
            model.encoder.settle()
