"""Whether rows that are each in order are, together, enough to train on: what only a job can know."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.training.data.rare_labels import counts, named, rare_labels
from shared.errors import TrainingFailed
from shared.rows.row import LabelledRow

#: Different texts that a job needs at the least.
MIN_ROWS = 10
#: Labels of a head that learns to choose.
MIN_LABELS = 2
#: The heads that choose one label of several; spans may all be of one.
CHOICES = ("intent", "sentiment", "label")


def require_enough(rows: Sequence[LabelledRow]) -> None:
    """Refuse rows that no useful model can come of.

    Raises:
        TrainingFailed: Too few different texts, a head with a single label, or labels that occur only once; every
            reason is in the message.
    """
    distinct = list({row.key: row for row in rows}.values())
    reasons = [*_too_few_rows(distinct), *_single_labels(distinct), *_rare_labels(distinct)]
    if reasons:
        raise TrainingFailed("Not enough data. " + " ".join(reasons), param="training_file", code="not_enough_data")


def require_known_labels(training: Iterable[LabelledRow], validation: Iterable[LabelledRow]) -> None:
    """Refuse a validation file with labels that the model cannot learn.

    Raises:
        TrainingFailed: It has labels that the training file lacks.
    """
    known = counts(training)
    for head, found in counts(validation).items():
        unknown = sorted(found.keys() - known.get(head, {}).keys())
        if unknown:
            raise TrainingFailed(
                f"The validation file has {head} labels that the training file lacks: {named(unknown)}. "
                "Add rows with them to the training file, or remove them.",
                param="validation_file",
            )


def require_apart(training: Iterable[LabelledRow], validation: Iterable[LabelledRow]) -> None:
    """Refuse a validation file that holds every text of the training file: it would leave nothing to train on.

    Raises:
        TrainingFailed: It does.
    """
    held_out = {row.key for row in validation}
    if all(row.key in held_out for row in training):
        raise TrainingFailed(
            "The validation file holds every text of the training file, so that none is left to train on. Leave it out, and a tenth of "
            "the rows is held out for it; or give other rows.",
            param="validation_file",
        )


def _too_few_rows(rows: Sequence[LabelledRow]) -> list[str]:
    if len(rows) >= MIN_ROWS:
        return []
    return [f"There are {len(rows)} different texts; give at least {MIN_ROWS}."]


def _single_labels(rows: Sequence[LabelledRow]) -> list[str]:
    found = counts(rows)
    return [
        f"All rows have the same {head} {next(iter(labels))!r}; give rows with at least {MIN_LABELS} different ones."
        for head in CHOICES
        if 0 < len(labels := found.get(head, {}).keys()) < MIN_LABELS
    ]


def _rare_labels(rows: Sequence[LabelledRow]) -> list[str]:
    return [
        f"Seen only once as {head}: {named(sorted(labels))}; add rows (five or more each), rename them or remove them, or leave them out "
        "(rare_labels: drop)."
        for head, labels in rare_labels(rows).items()
    ]
