"""The item tower: an encoder whose mean token state is the vector of an item."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from services.training.fitting.batching import Batch, Counted
from services.training.fitting.recipe import Recipe
from services.training.models.task_model import Outputs
from services.training.models.text_embedder import TextEmbedder
from shared.tasks.recommendation.reader import OUTPUT

NEXT = "next_embedding"
"""The output [b, d] of what was chosen next; the graph has but one, since it reads all items alike."""
WRONG = "wrong_embedding"
"""The output [b, d] of what is much like it and was not chosen."""

#: What cosines are multiplied by.
_SCALE = 20.0
#: How much it counts that items stay unlike one another, against what is chosen after what.
_ITSELF = 1.0


class ItemTowerModel(TextEmbedder):
    """Reads items, and what was chosen after each."""

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        token_type_ids: Tensor | None = None,
        next_ids: Tensor | None = None,
        next_mask: Tensor | None = None,
        wrong_ids: Tensor | None = None,
        wrong_mask: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """``sentence_embedding`` [b, d], ``next_embedding`` [b, d] of what was chosen next, ``wrong_embedding`` of what was not; of length 1."""
        del token_type_ids  # a text stands alone
        outputs = {OUTPUT: self.embedding(input_ids, attention_mask)}
        if next_ids is not None and next_mask is not None:
            outputs[NEXT] = self.embedding(next_ids, next_mask)
        if wrong_ids is not None and wrong_mask is not None:
            outputs[WRONG] = self.embedding(wrong_ids, wrong_mask)
        return outputs


def next_item_loss(outputs: Outputs, piece: Batch, whole: Counted, recipe: Recipe) -> Tensor:
    """Each item has to tell what was chosen after it from what was chosen after the others.

    What is common is met more often as a wrong answer than it deserves; its logit is lowered by the logarithm of how common it is
    (sampling correction; Yi et al. 2019, RecSys). And each item has to be told from all others: where what follows is chance, the best
    guess would be one vector for all of them.

    Args:
        outputs: Of the piece.
        piece: Its targets are those of ``collate``.
        whole: Of the batch that the piece was cut from.
        recipe: Of the run; not needed.
    """
    del recipe
    same, share = piece.targets["same"], piece.targets["share"]
    first = outputs[OUTPUT]
    following = _told_apart(_SCALE * first @ outputs[NEXT].T - share[None, :], same, _hard(outputs, piece, share))
    itself = _told_apart(_SCALE * first @ first.T, piece.targets["first"])
    return (following + _ITSELF * itself) / whole.labelled


def _hard(outputs: Outputs, piece: Batch, share: Tensor) -> Tensor | None:
    """[b, 1], the logit of the wrong answer that is hard to tell from each right one; it weighs as much as the right one, which it is like."""
    if WRONG not in outputs:
        return None
    logits = _SCALE * (outputs[OUTPUT] * outputs[WRONG]).sum(dim=1) - share
    return logits.masked_fill(~piece.targets["wrong"], -torch.inf)[:, None]


def _told_apart(logits: Tensor, numbers: Tensor, beside: Tensor | None = None) -> Tensor:
    """The cost of taking another item of the batch, or one beside it, for the right one, which stands on the diagonal; equal ones are no others."""
    own = torch.arange(len(numbers), device=logits.device)
    equal = (numbers[:, None] == numbers[None, :]) & (own[:, None] != own[None, :])
    logits = logits.masked_fill(equal, -torch.inf)
    return cross_entropy(logits if beside is None else torch.cat([logits, beside], dim=1), own, reduction="sum")
