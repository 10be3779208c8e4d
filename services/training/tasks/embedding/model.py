"""An encoder whose mean token state is the embedding of a text."""

from __future__ import annotations

from torch import Tensor

from services.training.models.text_embedder import TextEmbedder
from shared.tasks.embedding.reader import OUTPUT

TEXTS = "text_embeddings"
"""The output [b, n, d] of a batch's texts; the graph has the queries' alone, since it embeds any text alike."""


class EmbeddingModel(TextEmbedder):
    """Embeds texts, and what each is compared with."""

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
        outputs = {OUTPUT: self.embedding(input_ids, attention_mask)}
        if text_ids is not None and text_mask is not None:
            flat = self.embedding(text_ids.flatten(0, 1), text_mask.flatten(0, 1))
            outputs[TEXTS] = flat.view(text_ids.shape[0], text_ids.shape[1], self.width)
        return outputs
