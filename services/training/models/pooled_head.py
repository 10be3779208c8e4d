"""An encoder with one linear head over a learned mean of its token states."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from services.training.models.encoder import with_new_heads
from services.training.models.pooling import AttentionPooling
from services.training.models.task_model import TaskModel

LOGITS = "logits"
"""Of the graph: [b, columns]."""


class PooledHead(TaskModel):
    """Tells some figures of a text, or of a pair of texts.

    Args:
        encoder: Any transformer with ``last_hidden_state`` [b, s, d].
        columns: Of the head.
        dropout: Of the head and of every dropout layer of the encoder.
    """

    def __init__(self, encoder: PreTrainedModel, columns: int, dropout: float) -> None:
        super().__init__(encoder, dropout)
        self.pooling = AttentionPooling(self.width)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(self.width, columns)

    @classmethod
    def on(cls, base: Path, columns: int, dropout: float) -> Self:
        """Put a new head on the encoder in a directory.

        Raises:
            TrainingFailed: There is no encoder that could be read.
        """
        return with_new_heads(base, lambda encoder: cls(encoder, columns, dropout))

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None
    ) -> dict[str, Tensor]:
        """``logits`` [b, columns] of a batch."""
        return {LOGITS: self.head(self.dropout(self.pooled(input_ids, attention_mask, token_type_ids)))}

    def pooled(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None) -> Tensor:
        """The mean [b, d] of the states of each row's tokens."""
        types = torch.zeros_like(input_ids) if token_type_ids is None else token_type_ids
        pooled: Tensor = self.pooling(self.encode(input_ids, attention_mask, types), attention_mask)
        return pooled
