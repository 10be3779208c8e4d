"""Training of the words that occur: most of a word table belongs to words that a job's rows never use."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel


class SparseEmbedding(nn.Module):
    """A word table of which only some rows are trained, as a table of their own.

    Half of MiniLM's weights are its word table, of which 2,000 rows use a tenth. A gradient of the whole would be cleared,
    measured, and applied at every step, with two moments beside it, to find that nothing is to be done to the others.

    Args:
        table: The whole; it is frozen, and any word that does not occur is still read from it.
        occurring: [n] int64 distinct ids of the words to train.
    """

    def __init__(self, table: nn.Embedding, occurring: Tensor) -> None:
        super().__init__()
        self.table = table.requires_grad_(requires_grad=False)
        self.occurring = occurring
        self.weight = nn.Parameter(table.weight.detach()[occurring])
        rows = torch.full((table.num_embeddings,), -1, device=occurring.device)
        rows[occurring] = torch.arange(len(occurring), device=occurring.device)
        self.rows: Tensor
        self.register_buffer("rows", rows, persistent=False)

    def forward(self, input_ids: Tensor) -> Tensor:
        """The embeddings [b, s, d] of ids [b, s]."""
        rows = self.rows[input_ids]
        trained = functional.embedding(rows.clamp(min=0), self.weight)
        return torch.where((rows >= 0).unsqueeze(-1), trained, self.table(input_ids))

    @property
    def whole(self) -> Tensor:
        """The whole table [v, d] as it is read, for who multiplies states by it; gradients reach the words that are trained."""
        return self.table.weight.index_copy(0, self.occurring, self.weight)

    @torch.no_grad()
    def merged(self) -> nn.Embedding:
        """The whole table with what was learned."""
        self.table.weight[self.occurring] = self.weight
        return self.table


def freeze_unused(encoder: PreTrainedModel, occurring: Tensor) -> None:
    """Train only those words of an encoder, in place; a table that does more than look up is left as it is."""
    table = encoder.get_input_embeddings()
    if type(table) is nn.Embedding and table.max_norm is None:
        encoder.set_input_embeddings(SparseEmbedding(table, occurring.to(table.weight.device)))


def restore(encoder: PreTrainedModel) -> None:
    """Undo ``freeze_unused``, keeping what was learned."""
    table = encoder.get_input_embeddings()
    if isinstance(table, SparseEmbedding):
        encoder.set_input_embeddings(table.merged())
