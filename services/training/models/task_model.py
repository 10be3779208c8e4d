"""What every task's model is: an encoder, and on it whatever the task needs; or a decoder, which has what it needs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from services.training.models.encoder import layers_of, word_table
from shared.decoding.lora import Factors
from shared.errors import TrainingFailed

Outputs = dict[str, Tensor]
"""What a model gives, under the names of its graph."""


class TaskModel(nn.Module, ABC):
    """An encoder with heads; a tuning may wrap the encoder while it trains.

    Args:
        encoder: Any transformer with ``last_hidden_state`` [b, s, d].
        dropout: Of every dropout layer of the encoder.

    Attributes:
        width: Of the token states.
        layers: Of the encoder.
        word_length: Length (L2) of a mean word's embedding, before tuning. Encoders differ in it.
        bent: Whether a tuning has put something into the encoder that stays there.
        updates: What a tuning has folded into linear layers, by their names, where that is wanted apart.
        writes: Whether it gives words, those that never occur among them: a tuning of all weights then trains the whole table.
    """

    writes = False

    def __init__(self, encoder: PreTrainedModel, dropout: float) -> None:
        super().__init__()
        self.config = encoder.config
        self.width: int = encoder.config.hidden_size
        self.layers: int = encoder.config.num_hidden_layers
        self.encoder: nn.Module = encoder
        self.bent = False
        self.updates: Mapping[str, Factors] = {}
        #: Encoders without types of tokens (MPNet) tell a context by the separators alone.
        self.has_token_types = getattr(encoder.config, "type_vocab_size", 0) > 1
        self.word_length = float(word_table(encoder).detach().norm(dim=1).mean())
        for module in encoder.modules():
            if isinstance(module, nn.Dropout):
                module.p = dropout

    @abstractmethod
    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Read a batch: [b, s] int64 ids, the mask that is 1 at tokens, the types; outputs under the names of the graph."""

    @property
    def device(self) -> torch.device:
        """Where it is computed."""
        return next(self.parameters()).device

    @property
    def word_embeddings(self) -> Tensor:
        """The embeddings [v, d] of the words that are trained; without tuning, of all."""
        if not isinstance(self.encoder, PreTrainedModel):
            raise TypeError("A wrapped encoder's table is not trained.")
        return word_table(self.encoder)

    @property
    def stack(self) -> Sequence[nn.Module]:
        """Its layers, lowest first, within whatever a tuning has wrapped them in.

        Raises:
            TrainingFailed: They cannot be told apart.
        """
        return [*layers_of(self.encoder, self.layers)]

    @property
    def is_plain(self) -> bool:
        """Whether the encoder is one that a later job can load: no tuning has left anything in it."""
        return isinstance(self.encoder, PreTrainedModel) and not self.bent

    def checkpoint_gradients(self, *, enable: bool) -> None:
        """Have the encoder compute its activations again for the gradients, instead of keeping them; or leave it as it is.

        Raises:
            TrainingFailed: It cannot.
        """
        if not enable:
            return
        for module in self.encoder.modules():
            if isinstance(module, PreTrainedModel):
                if not module.supports_gradient_checkpointing:
                    break
                options = {"use_reentrant": False}
                module.activation_checkpointing_enable(options)
                return
        raise TrainingFailed(
            "The base model cannot compute its activations twice. Leave out schedule.gradient_checkpointing; rows_at_once saves memory too.",
            param="schedule.gradient_checkpointing",
        )

    def encoder_stays(self) -> None:
        """A tuning says that the encoder will not change, so that what only follows it needs no training."""

    def encode(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        """The token states [b, s, d]."""
        types = {"token_type_ids": token_type_ids} if self.has_token_types else {}
        states: Tensor = self.encoder(input_ids=input_ids, attention_mask=attention_mask, **types).last_hidden_state
        return states

    def save(self, folder: Path) -> None:
        """Write the encoder so that another job can start from it; heads belong to their labels and stay out."""
        if not isinstance(self.encoder, PreTrainedModel) or self.bent:
            raise TypeError("Merge the model before it is saved; one that a tuning has bent cannot be.")
        self.encoder.save_pretrained(folder)
