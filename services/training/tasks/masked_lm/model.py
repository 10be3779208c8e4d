"""An encoder that tells which word stands at each of its tokens."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu
from transformers import PreTrainedModel

from services.training.models.encoder import with_new_heads, word_table
from services.training.models.task_model import TaskModel
from shared.tasks.masked_lm.reader import OUTPUT


class MaskedModel(TaskModel):
    """Compares a map of each token's state with the embeddings of all words, as BERT does: the words are learned on both sides.

    Args:
        encoder: Any transformer with ``last_hidden_state`` [b, s, d], and word embeddings of that width.
        dropout: Of every dropout layer of the encoder.
    """

    def __init__(self, encoder: PreTrainedModel, dropout: float) -> None:
        super().__init__(encoder, dropout)
        words = len(word_table(encoder))
        self._original = (encoder,)  # in a tuple: its weights are registered once, whatever wraps them
        self.dense = nn.Linear(self.width, self.width)
        self.norm = nn.LayerNorm(self.width)
        self.bias = nn.Parameter(torch.zeros(words))

    @classmethod
    def load(cls, base: Path, _schema: None, dropout: float) -> MaskedModel:
        """Put a new head on the encoder in a directory.

        Raises:
            TrainingFailed: There is no encoder that could be read.
        """
        return with_new_heads(base, lambda encoder: cls(encoder, dropout))

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        token_type_ids: Tensor | None = None,
        asked: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """``words`` [b, m, v]: logits of every word at the places ``asked`` [b, m], or [b, s, v] at all."""
        types = torch.zeros_like(input_ids) if token_type_ids is None else token_type_ids
        states = self.encode(input_ids, attention_mask, types)
        if asked is not None:
            states = states.gather(1, asked.unsqueeze(-1).expand(-1, -1, states.shape[-1]))
        mapped = self.norm(gelu(self.dense(states)))
        return {OUTPUT: mapped @ self._words().to(mapped.dtype).T + self.bias}

    def _words(self) -> Tensor:
        """The embeddings [v, d] of all words, of which a tuning may train some apart."""
        table = self._original[0].get_input_embeddings()
        whole = getattr(table, "whole", None)
        return table.get_parameter("weight") if whole is None else whole
