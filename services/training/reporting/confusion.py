"""A confusion matrix as a picture."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

#: Labels shown; of more, those with the most mistakes.
MAX_LABELS = 40


def confusion_png(pairs: Sequence[tuple[str, str]]) -> bytes:
    """Draw which label was taken for which.

    Args:
        pairs: True and predicted label of each row; at least one.

    Returns:
        A PNG: a row per true label, shaded by the share of its rows, with counts.
    """
    labels = _shown(pairs)
    counts = _matrix(pairs, labels)
    side = 2.5 + 0.35 * len(labels)
    figure = Figure(figsize=(side, side), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.imshow(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(labels)), labels, rotation=90, fontsize=7)
    axes.set_yticks(range(len(labels)), labels, fontsize=7)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    for row, column in np.argwhere(counts):
        light = counts[row, column] > 0.5 * counts[row].sum()
        axes.text(column, row, counts[row, column], ha="center", va="center", fontsize=6, color="w" if light else "k")
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110)
    return file.getvalue()


def _shown(pairs: Sequence[tuple[str, str]]) -> list[str]:
    labels = sorted({label for pair in pairs for label in pair})
    if len(labels) <= MAX_LABELS:
        return labels
    mistakes = Counter(label for truth, predicted in pairs if truth != predicted for label in (truth, predicted))
    return sorted(sorted(labels, key=lambda label: -mistakes[label])[:MAX_LABELS])


def _matrix(pairs: Sequence[tuple[str, str]], labels: Sequence[str]) -> np.ndarray:
    places = {label: place for place, label in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels)), dtype=int)
    for truth, predicted in pairs:
        if truth in places and predicted in places:
            counts[places[truth], places[predicted]] += 1
    return counts
