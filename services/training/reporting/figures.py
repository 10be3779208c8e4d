"""How well a model does on labelled rows, whatever it tells of them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import classification_report

#: Bins of the expected calibration error, as in Guo et al. 2017 (arXiv:1706.04599).
_BINS = 15


@dataclass(frozen=True, slots=True)
class LabelScore:
    """How one label fares: precision, recall and F1 in 0..1, and the rows (or spans) that carry it."""

    precision: float
    recall: float
    f1: float
    support: int


class Mistake(NamedTuple):
    """A row that was read wrong, and how surely."""

    text: str
    head: str
    truth: str
    predicted: str
    confidence: float


#: Mistakes that are kept of an evaluation: the surest.
MAX_MISTAKES = 50


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores of a model on labelled rows, 0..1. What the rows are not labelled for, or hold no case of, is left out.

    Attributes:
        rows: How many rows were read.
        scores: By name; the task says what each means.
        labels: The table of each head by label.
        mistakes: The surest ``MAX_MISTAKES``, surest first. They hold texts, and stand in no row of a database.
        pairs: True and predicted label of each row of the first choice, for the confusion matrix.
    """

    rows: int
    scores: dict[str, float]
    labels: dict[str, dict[str, LabelScore]]
    pairs: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    mistakes: tuple[Mistake, ...] = field(default=(), repr=False)

    def to_json(self) -> dict[str, Any]:
        """Rows, scores and tables, for the manifest and the model's row."""
        tables = {head: {label: asdict(score) for label, score in table.items()} for head, table in self.labels.items()}
        return {"rows": self.rows, "scores": self.scores, "labels": tables}


def points_lost(plain: Evaluation, small: Evaluation, quality: Sequence[str]) -> float:
    """How much the worst of the comparable scores loses, in points of 100; negative if all of them gain.

    Args:
        plain: What is compared with.
        small: What may have lost.
        quality: The scores that count.
    """
    shared = [name for name in quality if name in plain.scores]
    return max((100 * (plain.scores[name] - small.scores.get(name, 0.0)) for name in shared), default=0.0)


def calibration_error(confidences: Sequence[float], right: NDArray[np.bool_]) -> float:
    """Expected calibration error: the mean gap between confidence and accuracy over equal-width bins, by their size.

    Args:
        confidences: Of each answer, 0..1, [n].
        right: Whether each was right, [n].
    """
    confidence = np.asarray(confidences)
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gap = 0.0
    for number in np.unique(bins):
        inside = bins == number
        gap += float(inside.mean()) * abs(float(confidence[inside].mean()) - float(right[inside].mean()))
    return gap


def table(pairs: Sequence[tuple[str, str]]) -> dict[str, LabelScore]:
    """Scores of the labels that occur among the truths."""
    truths, predicted = zip(*pairs, strict=True)
    names = sorted(set(truths))
    with quiet():
        report = classification_report(truths, predicted, labels=names, output_dict=True, zero_division=0)
    return {name: label_score(report[name]) for name in names}


def macro_f1(scores: dict[str, LabelScore]) -> float:
    """The mean over labels."""
    return float(np.mean([score.f1 for score in scores.values()]))


def label_score(entry: dict[str, Any]) -> LabelScore:
    """A label's entry in a report of scikit-learn or seqeval."""
    return LabelScore(
        float(entry["precision"]), float(entry["recall"]), float(entry["f1-score"]), int(entry["support"])
    )


def quiet() -> warnings.catch_warnings[None]:
    """Labels that were never predicted have no precision; that is a result, not a mistake worth a warning."""
    return warnings.catch_warnings(action="ignore", category=UndefinedMetricWarning)
