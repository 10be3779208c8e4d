"""What a run of text classification minimises."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from services.training.fitting.batching import IGNORED, Batch, Counted
from services.training.fitting.recipe import Recipe
from services.training.models.task_model import Outputs
from shared.tasks.text_classification.reader import OUTPUT


def label_loss(outputs: Outputs, piece: Batch, whole: Counted, recipe: Recipe) -> Tensor:
    """The mean over the rows of a batch of a piece's losses: cross-entropy, or its sum over labels of which a text may have several."""
    logits, column = outputs[OUTPUT].float(), piece.targets["column"]
    labelled = column != IGNORED
    if not labelled.any():
        return binary_cross_entropy_with_logits(logits, piece.targets["columns"], reduction="sum") / whole.labelled
    smoothing = recipe.label_smoothing
    total = cross_entropy(logits, column, ignore_index=IGNORED, label_smoothing=smoothing, reduction="sum")
    return total / whole.labelled


def distributions(outputs: Outputs, piece: Batch) -> Iterator[Tensor]:
    """The logits [n, labels] of the rows that are labelled."""
    labelled = piece.targets["column"] != IGNORED
    yield outputs[OUTPUT][labelled] if labelled.any() else outputs[OUTPUT]
