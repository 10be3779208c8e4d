"""An encoder with a linear head over each token's state."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from services.training.models.encoder import with_new_heads
from services.training.models.task_model import TaskModel
from services.training.tasks.token_classification.examples import Tags
from shared.tasks.token_classification.reader import OUTPUT


class TaggingModel(TaskModel):
    """Tells the tag of each token.

    Args:
        encoder: Any transformer with ``last_hidden_state`` [b, s, d].
        tags: Decide the width of the head.
        dropout: Of the head and of every dropout layer of the encoder.
    """

    def __init__(self, encoder: PreTrainedModel, tags: Tags, dropout: float) -> None:
        super().__init__(encoder, dropout)
        self.tags = tags
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(self.width, len(tags.names))

    @classmethod
    def load(cls, base: Path, tags: Tags, dropout: float) -> TaggingModel:
        """Put a new head on the encoder in a directory.

        Raises:
            TrainingFailed: There is no encoder that could be read.
        """
        return with_new_heads(base, lambda encoder: cls(encoder, tags, dropout))

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None
    ) -> dict[str, Tensor]:
        """``tags`` [b, s, tags] of a batch of texts."""
        types = torch.zeros_like(input_ids) if token_type_ids is None else token_type_ids
        return {OUTPUT: self.head(self.dropout(self.encode(input_ids, attention_mask, types)))}
