"""What a tracker is given, and what it has to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

Ending = Literal["succeeded", "failed", "interrupted"]
"""How an attempt ends; one that was interrupted may go on as another attempt."""

#: Figures of an event that are no curve.
_NO_CURVES = frozenset(("step", "total_steps", "seconds_left"))


@dataclass(frozen=True, slots=True)
class Run:
    """What is known of a job when its training begins. No text of a row, and no label, is among it.

    Attributes:
        job_id: The job.
        parameters: What it was asked for and what the recipe made of it, flat; names have dots.
        text: The job as JSON.
    """

    job_id: str
    parameters: Mapping[str, str | int | float | bool]
    text: str


@dataclass(frozen=True, slots=True)
class Point:
    """Figures of a step.

    Attributes:
        step: From 1.
        at: When they were told, in Unix seconds.
        values: By the names that the events of the job have.
    """

    step: int
    at: float
    values: Mapping[str, float]

    @classmethod
    def of(cls, data: Mapping[str, Any], at: float) -> Point:
        """The curves among the figures of an event."""
        numbers = {name: float(value) for name, value in data.items() if isinstance(value, int | float)}
        return cls(data["step"], at, {name: value for name, value in numbers.items() if name not in _NO_CURVES})


class Tracker(Protocol):
    """Keeps the curves of a job. It lives in a thread of its own; whatever it raises ends it and nothing else."""

    def started(self, run: Run, curve: Sequence[Point]) -> None:
        """Training begins, or goes on: then ``curve`` holds what earlier attempts told and this one will not tell again."""

    def metrics(self, point: Point) -> None:
        """Figures were told."""

    def finished(self, ending: Ending, scores: Mapping[str, float]) -> Path | None:
        """The attempt ends; a file that is to be stored with the job.

        Args:
            ending: How.
            scores: On the test rows, if it came so far.
        """


@dataclass(frozen=True, slots=True)
class Destinations:
    """Where trackers may write, as the operator has set it.

    Attributes:
        wandb_mode: ``offline`` keeps runs of Weights & Biases as files of the job.
        wandb_base_url: The server of the others.
        wandb_key: The key for it.
        mlflow_uri: A server, or the database, of MLflow.
        mlflow_folder: Where that database is ours to make; ``None``: whoever runs it has made it.
        seconds: How long a server of Weights & Biases may take to answer.
    """

    wandb_mode: Literal["offline", "online"]
    wandb_base_url: str
    wandb_key: str | None = field(repr=False)
    mlflow_uri: str = field(repr=False)
    mlflow_folder: Path | None
    seconds: float = 20.0


def unbroken(points: Iterable[Point]) -> list[Point]:
    """One curve of what several attempts told: where a later one took steps again, its figures stand."""
    curve: list[Point] = []
    for point in points:
        while curve and curve[-1].step > point.step:
            curve.pop()
        same = len(curve)
        while same and curve[same - 1].step == point.step:
            same -= 1
        curve[same:] = [old for old in curve[same:] if not old.values.keys() & point.values.keys()]
        curve.append(point)
    return curve
