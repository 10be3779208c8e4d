"""The settings of training: read from ``PARLEY_*``, and handed on the same way to the child processes that train."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from services.training.tracking.tracker import Destinations
from shared.settings import PlatformSettings

#: What it logs goes where all else goes, not to a handler of its own, and it prints no address.
_QUIET_MLFLOW = {"MLFLOW_CONFIGURE_LOGGING": "false", "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true"}


class TrainingSettings(PlatformSettings):
    """Where jobs run, for how long, and how soon a silent one is given to another worker."""

    training_threads: Annotated[int, Field(ge=1)] = Field(default_factory=lambda: len(os.sched_getaffinity(0)))
    """Threads of a training process: the cores of the machine, divided by the workers on it."""
    training_folder: Path | None = None
    """Where jobs keep their files while they run; empty: ``training`` in the home folder."""
    base_models: Path | None = None
    """The folder whose folders a job may name as base model; empty: ``base-models`` in the home folder."""
    training_limit_seconds: Annotated[float, Field(gt=0)] = 6 * 3600.0
    """A job that runs longer fails."""
    training_attempts: Annotated[int, Field(ge=1)] = 3
    """How often a job may be started before it fails because its training keeps dying."""
    training_checkpoint_seconds: Annotated[float, Field(gt=0)] = 30.0
    """Time between checkpoints: the most work that a crash costs."""
    training_lease_seconds: Annotated[float, Field(gt=0)] = 30.0
    """A worker silent for so long has lost its job to another; it renews the lease six times as often."""
    wandb_mode: Literal["offline", "online"] = "offline"
    """``offline`` keeps runs of Weights & Biases as result files of their jobs; ``online`` sends them to a server."""
    wandb_base_url: str = "https://api.wandb.ai"
    """That server."""
    wandb_key: SecretStr | None = None
    """The key for it."""
    mlflow_uri: SecretStr | None = None
    """Where MLflow's runs go, a server or a database; empty: ``mlflow/mlflow.db`` in the home folder."""

    @model_validator(mode="after")
    def _need_a_key_to_send(self) -> Self:
        if self.wandb_mode == "online" and not self.wandb_key:
            raise ValueError("PARLEY_WANDB_MODE=online sends runs to a server: give its key in PARLEY_WANDB_KEY")
        return self

    @property
    def opened_base_models(self) -> Path:
        """The folder of base models with the default filled in, absolute."""
        return (self.base_models or self.home / "base-models").expanduser().absolute()

    @property
    def destinations(self) -> Destinations:
        """Where trackers may write."""
        ours = self.home / "mlflow"
        given = self.mlflow_uri.get_secret_value() if self.mlflow_uri else ""
        return Destinations(
            wandb_mode=self.wandb_mode,
            wandb_base_url=self.wandb_base_url,
            wandb_key=self.wandb_key.get_secret_value() if self.wandb_key else None,
            mlflow_uri=given or f"sqlite:///{ours / 'mlflow.db'}",
            mlflow_folder=None if given else ours,
        )

    def attempt_folder(self, token: str) -> Path:
        """The folder of one attempt, by the token of its lease."""
        return (self.training_folder or self.home / "training") / token

    def child_environment(self) -> dict[str, str]:
        """The environment of a training process: this one's, with these very settings and the threads they allow.

        Spinning at OpenMP barriers is turned off: beside another busy process it makes a step up to 22 times slower.
        """
        ours = {
            f"PARLEY_{name.upper()}": value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            for name, value in self.model_dump().items()
            if value not in (None, "")
        }
        threads = str(self.training_threads)
        openmp = {"OMP_NUM_THREADS": threads, "GOMP_SPINCOUNT": "0", "OMP_WAIT_POLICY": "PASSIVE"}
        return {**os.environ, **ours, **openmp, "TOKENIZERS_PARALLELISM": "false", **_QUIET_MLFLOW}
