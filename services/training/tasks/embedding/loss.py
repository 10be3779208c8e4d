"""What a run of embedding minimises."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from services.training.fitting.batching import Batch, Counted
from services.training.fitting.recipe import Recipe
from services.training.models.task_model import Outputs
from services.training.tasks.embedding.model import TEXTS
from shared.tasks.embedding.reader import OUTPUT

#: What cosines are multiplied by (the inverse of a temperature of 0.05).
SCALE = 20.0


def contrastive_loss(outputs: Outputs, piece: Batch, whole: Counted, recipe: Recipe) -> Tensor:
    """Each query has to tell its own text from those of all rows, and each text its query (InfoNCE; Henderson et al. 2017, arXiv:1705.00652).

    A text that is also the right one of a query is no negative of it. Where memory makes a batch be computed in pieces, only the texts
    of a piece are compared.

    Args:
        outputs: Of the piece.
        piece: Its target ``same`` tells equal texts.
        whole: Of the batch that the piece was cut from.
        recipe: Of the run; not needed.
    """
    del recipe
    queries, texts, same = outputs[OUTPUT], outputs[TEXTS], piece.targets["same"]
    logits = SCALE * queries @ texts.flatten(0, 1).T  # [b, b * n]
    own = torch.arange(len(queries), device=logits.device)
    column = own * texts.shape[1]
    names = same.flatten()
    equal = (names[None, :] == same[:, :1]) | (names[None, :] < 0)
    equal[own, column] = False
    forth = cross_entropy(logits.masked_fill(equal, -torch.inf), column, reduction="sum")
    towards = logits[:, column].T.masked_fill(_others(same[:, 0]), -torch.inf)
    back = cross_entropy(towards, own, reduction="sum")
    return (forth + back) / 2 / whole.labelled


def _others(names: Tensor) -> Tensor:
    """[b, b]: where another row has the same right text."""
    equal = names[:, None] == names[None, :]
    return equal & ~torch.eye(len(names), dtype=torch.bool, device=names.device)
