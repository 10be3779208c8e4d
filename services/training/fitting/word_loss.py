"""The loss of models that tell words."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import cross_entropy

from services.training.fitting.batching import IGNORED, Batch, Counted
from services.training.fitting.recipe import Recipe
from services.training.models.task_model import Outputs

OUTPUT = "words"
"""Of such models: logits [b, m, v]; the target of the same name holds the words [b, m], ``IGNORED`` where nothing is asked."""


def told_words(batch: Batch) -> Counted:
    """What the losses of a batch's pieces are divided by."""
    return Counted(len(batch), max(1, int((batch.targets[OUTPUT] != IGNORED).sum())))


def word_loss(outputs: Outputs, piece: Batch, whole: Counted, recipe: Recipe) -> Tensor:
    """Cross-entropy of the words that stood where the model was asked, without smoothing; the mean over those of the batch."""
    del recipe
    logits, words = outputs[OUTPUT].flatten(0, 1).float(), piece.targets[OUTPUT].flatten()
    return cross_entropy(logits, words, ignore_index=IGNORED, reduction="sum") / whole.labelled
