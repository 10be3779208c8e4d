"""An encoder that tells of each token whether an answer begins or ends there."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from services.training.models.encoder import with_new_heads
from services.training.models.task_model import TaskModel
from services.training.tasks.question_answering.examples import Answerability
from shared.tasks.question_answering.reader import OUTPUT


class AnsweringModel(TaskModel):
    """Finds answers.

    Args:
        encoder: Any transformer with ``last_hidden_state`` [b, s, d].
        dropout: Of the head and of every dropout layer of the encoder.
    """

    def __init__(self, encoder: PreTrainedModel, dropout: float) -> None:
        super().__init__(encoder, dropout)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(self.width, 2)

    @classmethod
    def load(cls, base: Path, _schema: Answerability, dropout: float) -> AnsweringModel:
        """Put a new head on the encoder in a directory.

        Raises:
            TrainingFailed: There is no encoder that could be read.
        """
        return with_new_heads(base, lambda encoder: cls(encoder, dropout))

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None
    ) -> dict[str, Tensor]:
        """``start_end`` [b, s, 2] of a batch of windows."""
        types = torch.zeros_like(input_ids) if token_type_ids is None else token_type_ids
        return {OUTPUT: self.head(self.dropout(self.encode(input_ids, attention_mask, types)))}
