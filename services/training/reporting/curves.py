"""The training curve as a picture."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def curves_png(figures: Sequence[Mapping[str, Any]]) -> bytes:
    """Draw the training loss, and beside it every validation score.

    Args:
        figures: Of the recorded steps, oldest first: ``step`` with ``train_loss`` or with figures that begin with ``valid_``.

    Returns:
        A PNG.
    """
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    losses, scores = figure.subplots(1, 2)
    losses.set_title("training loss", fontsize=9)
    losses.plot(*_points(figures, "train_loss"), color="tab:blue", linewidth=1)
    scores.set_title("validation", fontsize=9)
    for name in sorted({name for data in figures for name in data if name.startswith("valid_")} - {"valid_score"}):
        scores.plot(
            *_points(figures, name), marker=".", linewidth=1, label=name.removeprefix("valid_").replace("_", " ")
        )
    if scores.lines:
        scores.legend(fontsize=7)
    for axes in (losses, scores):
        axes.set_xlabel("step", fontsize=8)
        axes.tick_params(labelsize=7)
        axes.grid(alpha=0.3)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110)
    return file.getvalue()


def _points(figures: Sequence[Mapping[str, Any]], name: str) -> tuple[list[float], list[float]]:
    found = [(data["step"], data[name]) for data in figures if data.get(name) is not None]
    return [step for step, _ in found], [value for _, value in found]
