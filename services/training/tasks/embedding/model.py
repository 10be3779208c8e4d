"""An encoder whose mean token state is the embedding of a text."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from services.training.models.encoder import load_encoder
from services.training.models.pooling import mean_state, unit
from services.training.models.task_model import TaskModel
from shared.tasks.embedding.reader import OUTPUT

TEXTS = "text_embeddings"
"""The output [b, n, d] of a batch's texts; the graph has the queries' alone, since it embeds any text alike."""


class EmbeddingModel(TaskModel):
    """Embeds texts. There is no head: the embedding is the base model's, bent.

    Args:
        encoder: Any transformer with ``last_hidden_state`` [b, s, d].
        dropout: Of every dropout layer of the encoder.
    """

    @classmethod
    def load(cls, base: Path, _schema: None, dropout: float) -> EmbeddingModel:
        """The encoder in a directory.

        Raises:
            TrainingFailed: There is no encoder that could be read.
        """
        return cls(load_encoder(base), dropout)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        token_type_ids: Tensor | None = None,
        text_ids: Tensor | None = None,
        text_mask: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """``sentence_embedding`` [b, d] of the queries, and ``text_embeddings`` [b, n, d] of what they are compared with; of length 1."""
        del token_type_ids  # a text stands alone
        outputs = {OUTPUT: self._embedding(input_ids, attention_mask)}
        if text_ids is not None and text_mask is not None:
            flat = self._embedding(text_ids.flatten(0, 1), text_mask.flatten(0, 1))
            outputs[TEXTS] = flat.view(text_ids.shape[0], text_ids.shape[1], self.width)
        return outputs

    def _embedding(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        states = self.encode(input_ids, attention_mask, torch.zeros_like(input_ids))
        return unit(mean_state(states, attention_mask))
