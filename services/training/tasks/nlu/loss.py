"""What a run of the joint model minimises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from services.training.fitting.batching import IGNORED, Batch
from services.training.fitting.recipe import Recipe
from services.training.tasks.nlu.examples import OUT_OF_SCOPE_ID


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
            intents=_count(batch.targets["intents"] >= 0),
            outliers=_count(batch.targets["intents"] == OUT_OF_SCOPE_ID),
            tags=_count(batch.targets["tags"] != IGNORED),
            sentiments=_count(batch.targets["sentiments"] != IGNORED),
        )


@dataclass(frozen=True, slots=True)
class Weights:
    """What the parts of the loss weigh; intents and sentiments 1 each.

    Attributes:
        anchor: Of what holds the sentence embedding at the base model's.
        tags: Of the entity loss, the mean over all tokens: most belong to no entity and are soon learned.
        outliers: Of what keeps the intent head undecided on out-of-scope rows.
    """

    anchor: float = 1.0
    tags: float = 3.0
    outliers: float = 0.5


WEIGHTS = Weights()


def joint_loss(
    outputs: dict[str, Tensor], batch: Batch, whole: Counts, recipe: Recipe, weights: Weights = WEIGHTS
) -> Tensor:
    """The sum of the heads' losses and of the anchor's, each the mean over what is labelled.

    Out-of-scope rows pull the intent distribution towards uniform (outlier exposure, Hendrycks et al. 2019,
    arXiv:1812.04606). The anchor is the cosine distance of each sentence embedding to the base model's.

    Args:
        outputs: Of this part of the batch.
        batch: The part.
        whole: Of the batch that the part was cut from.
        recipe: Label smoothing, and what a wrong choice costs.
        weights: Of the parts.
    """
    targets, smoothing, choices = batch.targets, recipe.label_smoothing, recipe.choices
    distances = 1 - (outputs["sentence_embedding"] * targets["anchors"]).sum(dim=-1)
    loss = weights.anchor * distances.sum() / whole.rows
    if "intent" in outputs:
        outliers = targets["intents"] == OUT_OF_SCOPE_ID
        undecided = -outputs["intent"].float().log_softmax(dim=-1).mean(dim=-1)
        loss = loss + weights.outliers * undecided[outliers].sum() / whole.outliers
        inside = targets["intents"].masked_fill(outliers, IGNORED)
        loss = loss + choices.one_of("intent", outputs["intent"], inside, smoothing) / whole.intents
    if "tags" in outputs:
        tagging = choices.one_of("entity", outputs["tags"].flatten(0, 1), targets["tags"].flatten())
        loss = loss + weights.tags * tagging / whole.tags
    if "sentiment" in outputs:
        feeling = choices.one_of("sentiment", outputs["sentiment"], targets["sentiments"], smoothing)
        loss = loss + feeling / whole.sentiments
    return loss


def distributions(outputs: dict[str, Tensor], batch: Batch) -> Iterator[Tensor]:
    """The logits [n, labels] of each head on what is labelled for it."""
    if "intent" in outputs:
        yield outputs["intent"][batch.targets["intents"] >= 0]
    if "tags" in outputs:
        yield outputs["tags"][batch.targets["tags"] != IGNORED]
    if "sentiment" in outputs:
        yield outputs["sentiment"][batch.targets["sentiments"] >= 0]


def _count(mask: Tensor) -> int:
    return max(1, int(mask.sum()))
