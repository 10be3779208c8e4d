"""Trackers that a job can report to besides TensorBoard. Names travel; what is done stands in ``services.training.tracking``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.training.tunings import Spec

_Name = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^/\\#?%:\x00-\x1f]+$")]
_Tag = Annotated[str, Field(min_length=1, max_length=64)]
_TagName = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_.-]+$")]


class WandbRun(Spec):
    """A run of Weights & Biases, as the OpenAI convention has it.

    Attributes:
        project: Where it is put.
        name: Of the run; the job's id if left out.
        entity: The user or team; whoever the key belongs to, if left out.
        tags: Of the run.
    """

    project: _Name
    name: _Name | None = None
    entity: _Name | None = None
    tags: Annotated[tuple[_Tag, ...], Field(max_length=50)] = ()


class Wandb(Spec):
    """Weights & Biases."""

    type: Literal["wandb"]
    wandb: WandbRun


class MlflowRun(Spec):
    """A run of MLflow.

    Attributes:
        experiment: Where it is put; made if it does not exist.
        name: Of the run; the job's id if left out.
        tags: Of the run, each with its value.
    """

    experiment: _Name
    name: _Name | None = None
    tags: Annotated[dict[_TagName, Annotated[str, Field(max_length=512)]], Field(max_length=50)] = Field(
        default_factory=dict
    )


class Mlflow(Spec):
    """MLflow."""

    type: Literal["mlflow"]
    mlflow: MlflowRun


Integration = Annotated[Wandb | Mlflow, Field(discriminator="type")]

Integrations = Annotated[tuple[Integration, ...], Field(max_length=4)]


def require_each_once(integrations: Integrations) -> None:
    """Refuse what would be one run twice.

    Raises:
        ValueError: A tracker is named twice.
    """
    names = [integration.type for integration in integrations]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"integrations name '{twice}' twice; keep one")
