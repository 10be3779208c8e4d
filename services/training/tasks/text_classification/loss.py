"""What a run of text classification minimises."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from services.training.fitting.batching import IGNORED, Batch, Counted
from services.training.fitting.recipe import Recipe
from services.training.models.task_model import Outputs
from shared.tasks.text_classification.reader import OUTPUT


def label_loss(outputs: Outputs, piece: Batch, whole: Counted, recipe: Recipe) -> Tensor:
    """The mean over the rows of a batch of a piece's losses: cross-entropy, or its sum over labels of which a text may have several."""
    logits, column = outputs[OUTPUT], piece.targets["column"]
    labelled = column != IGNORED
    if not labelled.any():
        return recipe.choices.any_of("labels", logits, piece.targets["columns"]) / whole.labelled
    return recipe.choices.one_of("label", logits, column, recipe.label_smoothing) / whole.labelled


def distributions(outputs: Outputs, piece: Batch) -> Iterator[Tensor]:
    """The logits [n, labels] of the rows that are labelled."""
    labelled = piece.targets["column"] != IGNORED
    yield outputs[OUTPUT][labelled] if labelled.any() else outputs[OUTPUT]
