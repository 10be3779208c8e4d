"""An encoder whose mean token state is the embedding of a text."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import torch
from torch import Tensor

from services.training.models.encoder import load_encoder
from services.training.models.pooling import mean_state, unit
from services.training.models.task_model import TaskModel


class TextEmbedder(TaskModel):
    """Embeds texts. There is no head: the embedding is the base model's, bent.

    Args:
        encoder: Any transformer with ``last_hidden_state`` [b, s, d].
        dropout: Of every dropout layer of the encoder.
    """

    @classmethod
    def load(cls, base: Path, _schema: None, dropout: float) -> Self:
        """The encoder in a directory.

        Raises:
            TrainingFailed: There is no encoder that could be read.
        """
        return cls(load_encoder(base), dropout)

    def embedding(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """[b, d] of length 1."""
        states = self.encode(input_ids, attention_mask, torch.zeros_like(input_ids))
        return unit(mean_state(states, attention_mask))
