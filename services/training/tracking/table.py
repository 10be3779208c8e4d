"""Every tracker that a job can ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from services.training.tracking.mlflow import MlflowTracker
from services.training.tracking.tracker import Destinations, Tracker
from services.training.tracking.wandb import WandbTracker
from shared.contracts.training.integrations import Mlflow, Wandb
from shared.contracts.training.tunings import Spec

TRACKERS: Mapping[type[Spec], Callable[[Any, Path, Destinations], Tracker]] = {
    Mlflow: MlflowTracker,
    Wandb: WandbTracker,
}
"""Made of what is asked for, a folder for files of its own, and where the operator lets it write."""
