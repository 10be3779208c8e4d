"""An encoder with one linear head over a learned mean of its token states."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from services.training.models.encoder import load_encoder
from services.training.models.pooling import AttentionPooling, unit
from services.training.models.task_model import TaskModel
from services.training.tasks.text_classification.examples import Classes
from shared.tasks.text_classification.reader import OUTPUT


class ClassifyingModel(TaskModel):
    """Tells labels of texts.

    Where a text has one label, the head is linear over the mean's direction, so that it can begin at the labels' means; where it may have
    several, over the mean itself.

    Args:
        encoder: Any transformer with ``last_hidden_state`` [b, s, d].
        classes: Decide the width of the head.
        dropout: Of the head and of every dropout layer of the encoder.
    """

    def __init__(self, encoder: PreTrainedModel, classes: Classes, dropout: float) -> None:
        super().__init__(encoder, dropout)
        self.several = classes.several
        self.pooling = AttentionPooling(self.width)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(self.width, len(classes.names))

    @classmethod
    def load(cls, base: Path, classes: Classes, dropout: float) -> ClassifyingModel:
        """Put a new head on the encoder in a directory.

        Raises:
            TrainingFailed: There is no encoder that could be read.
        """
        encoder = load_encoder(base)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)  # the same new head every time, whatever was drawn before
            return cls(encoder, classes, dropout)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None
    ) -> dict[str, Tensor]:
        """``logits`` [b, labels] of a batch of texts."""
        pooled = self.dropout(self.pooled(input_ids, attention_mask, token_type_ids))
        return {OUTPUT: self.head(pooled if self.several else unit(pooled))}

    def pooled(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None) -> Tensor:
        """The mean [b, d] of the states of each text."""
        types = torch.zeros_like(input_ids) if token_type_ids is None else token_type_ids
        pooled: Tensor = self.pooling(self.encode(input_ids, attention_mask, types), attention_mask)
        return pooled
