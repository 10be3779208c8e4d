"""What a run minimises."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import cross_entropy

from services.training.fitting.recipe import Recipe
from services.training.tasks.nlu.examples import IGNORED, OUT_OF_SCOPE_ID, Batch
from services.training.tasks.nlu.model import JointOutput


@dataclass(frozen=True, slots=True)
class Counts:
    """How much of a batch is labelled. A loss over a part of it is divided by these, so that the parts' gradients add up."""

    rows: int
    intents: int
    outliers: int
    tags: int
    sentiments: int

    @classmethod
    def of(cls, batch: Batch) -> Counts:
        """Counts of a whole batch; at least 1 each, since they divide."""
        return cls(
            rows=len(batch),
            intents=_count(batch.intents >= 0),
            outliers=_count(batch.intents == OUT_OF_SCOPE_ID),
            tags=_count(batch.tags != IGNORED),
            sentiments=_count(batch.sentiments != IGNORED),
        )


def joint_loss(output: JointOutput, batch: Batch, anchors: Tensor, whole: Counts, recipe: Recipe) -> Tensor:
    """The sum of the heads' losses and of the anchor's, each the mean over what is labelled.

    Out-of-scope rows pull the intent distribution towards uniform (outlier exposure, Hendrycks et al. 2019,
    arXiv:1812.04606). The anchor is the cosine distance of each sentence embedding to the base model's.

    Args:
        output: Of this part of the batch.
        batch: The part.
        anchors: [b, d] unit-length embeddings of its rows by the base model.
        whole: Of the batch that the part was cut from.
        recipe: Weights and label smoothing.
    """
    smoothing = recipe.label_smoothing
    distances = 1 - (output.sentence_embedding * anchors).sum(dim=-1)
    loss = recipe.anchor_weight * distances.sum() / whole.rows
    if output.intent is not None:
        outliers = batch.intents == OUT_OF_SCOPE_ID
        undecided = -output.intent.float().log_softmax(dim=-1).mean(dim=-1)
        loss = loss + recipe.outlier_weight * undecided[outliers].sum() / whole.outliers
        loss = loss + _total(output.intent, batch.intents.masked_fill(outliers, IGNORED), smoothing) / whole.intents
    if output.tags is not None:
        tagging = _total(output.tags.flatten(0, 1), batch.tags.flatten(), 0.0) / whole.tags
        loss = loss + recipe.tag_weight * tagging
    if output.sentiment is not None:
        loss = loss + _total(output.sentiment, batch.sentiments, smoothing) / whole.sentiments
    return loss


def _total(logits: Tensor, targets: Tensor, smoothing: float) -> Tensor:
    return cross_entropy(logits.float(), targets, ignore_index=IGNORED, label_smoothing=smoothing, reduction="sum")


def _count(mask: Tensor) -> int:
    return max(1, int(mask.sum()))
