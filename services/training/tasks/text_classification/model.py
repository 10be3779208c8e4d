"""An encoder with a head for the labels of a text."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from services.training.models.pooled_head import LOGITS, PooledHead
from services.training.models.pooling import unit
from services.training.tasks.text_classification.examples import Classes


class ClassifyingModel(PooledHead):
    """Tells labels of texts.

    Where a text has one label, the head is linear over the mean's direction, so that it can begin at the labels' means; where it may have
    several, over the mean itself.
    """

    several: bool = False

    @classmethod
    def load(cls, base: Path, classes: Classes, dropout: float) -> ClassifyingModel:
        """Put a new head on the encoder in a directory.

        Raises:
            TrainingFailed: There is no encoder that could be read.
        """
        model = cls.on(base, len(classes.names), dropout)
        model.several = classes.several
        return model

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None
    ) -> dict[str, Tensor]:
        """``logits`` [b, labels] of a batch of texts."""
        if self.several:
            return super().forward(input_ids, attention_mask, token_type_ids)
        pooled = self.dropout(self.pooled(input_ids, attention_mask, token_type_ids))
        return {LOGITS: self.head(unit(pooled))}
