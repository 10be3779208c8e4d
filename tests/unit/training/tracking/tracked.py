"""What trackers are told in tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from services.training.tracking.tracker import Destinations, Point, Run

#: mlflow configures its tables with an option that the pinned SQLAlchemy will drop.
MLFLOW_TABLES = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")

RUN = Run(
    "ftjob-tracked",
    {"task": "nlu", "seed": 7, "schedule.warmup": 0.1, "schedule.gradient_checkpointing": False},
    '{\n  "task": "nlu"\n}',
)
POINTS = [
    Point(1, 1000.0, {"train_loss": 2.0, "head_rate": 1e-3}),
    Point(5, 1002.0, {"train_loss": 1.0, "head_rate": 5e-4}),
    Point(5, 1002.5, {"valid_score": 0.5}),
    Point(9, 1004.0, {"train_loss": 0.5, "head_rate": 1e-4}),
]
SCORES = {"intent_accuracy": 0.75}


def destinations(home: Path) -> Destinations:
    """Nothing leaves the machine."""
    folder = home / "mlflow"
    return Destinations("offline", "https://api.wandb.ai", None, f"sqlite:///{folder / 'mlflow.db'}", folder)


def scalars(file: Path) -> dict[str, list[tuple[int, float]]]:
    """Step and value of every curve in an event file, as TensorBoard itself reads it."""
    events = EventAccumulator(str(file)).Reload()
    return {tag: [(one.step, round(one.value, 5)) for one in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
