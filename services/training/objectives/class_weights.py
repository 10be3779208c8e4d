"""Class weights: rows of rare labels count more, or those of labels that matter more."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from services.training.fitting.choice_loss import ChoiceLoss
from services.training.objectives.objective import Learned, Objective, require_choices
from shared.contracts.training.objectives import ClassWeights
from shared.errors import TrainingFailed

#: Labels named in an error.
_NAMED = 10


class ClassWeightsObjective(Objective):
    """Weighs the rows of each label. Weights by frequency are 1 in the mean over rows, so that the rates that suit a job go on to.

    Args:
        spec: By what.
        learned: The columns of each head, and how many rows have which label.

    Raises:
        TrainingFailed: No head chooses, or a weight is given for a label that does not occur.
    """

    def __init__(self, spec: ClassWeights, learned: Learned) -> None:
        require_choices(spec, learned)
        if spec.labels is not None:
            _require_known(spec.labels, learned.columns)
        self._weights = {
            head: tuple(_by_label(spec, columns, learned.counts.get(head, {}))[label] for label in columns)
            for head, columns in learned.columns.items()
        }
        self.note = "Class weights: " + "; ".join(
            _told(head, columns, self._weights[head]) for head, columns in learned.columns.items()
        )

    def charge(self, inner: ChoiceLoss) -> ChoiceLoss:
        """The same losses, weighed."""
        return dataclasses.replace(inner, weights=self._weights)


def _by_label(spec: ClassWeights, columns: Sequence[str], counts: Mapping[str, int]) -> Mapping[str, float]:
    """Of the labels of a head; 1 where nothing is known of one (the tag of no entity, a sentiment that does not occur)."""
    if spec.labels is not None:
        return {label: spec.labels.get(label, 1.0) for label in columns}
    power = 1.0 if spec.by == "inverse" else 0.5
    known = {label: counts[label] for label in dict.fromkeys(columns) if counts.get(label)}
    total = sum(known.values())
    shared = sum(count ** (1 - power) for count in known.values())
    return {label: total / shared / known[label] ** power if label in known else 1.0 for label in columns}


def _require_known(weights: Mapping[str, float], columns: Mapping[str, Sequence[str]]) -> None:
    known = sorted({label for labels in columns.values() for label in labels})
    unknown = sorted(weights.keys() - set(known))
    if unknown:
        raise TrainingFailed(
            f"class_weights has a weight for {unknown[0]!r}, and no training row is labelled so. The labels are "
            f"{', '.join(known[:_NAMED])}{' and others' if len(known) > _NAMED else ''}; correct it or leave it out.",
            param="objectives",
        )


def _told(head: str, columns: Sequence[str], weights: Sequence[float]) -> str:
    (least, low), (most, high) = (chosen(zip(weights, columns, strict=True)) for chosen in (min, max))
    return f"{head} from {least:.2f} ({low}) to {most:.2f} ({high})"
