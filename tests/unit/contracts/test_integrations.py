"""What a job asks of trackers, as it stands in rows and manifests."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from shared.contracts.training.integrations import Mlflow, Wandb
from shared.contracts.training.jobs import JobSpec

JOB: dict[str, Any] = {"model": "minilm", "training_file": "file-1"}


def test_a_row_of_before_asks_for_none() -> None:
    assert JobSpec.model_validate(JOB).integrations == ()
    assert JobSpec.model_validate(JOB | {"integrations": None}).integrations == ()


def test_a_row_is_read_as_it_was_written() -> None:
    asked = [
        {"type": "wandb", "wandb": {"project": "desk", "tags": ["a", "b"]}},
        {"type": "mlflow", "mlflow": {"experiment": "desk", "name": "first", "tags": {"team": "support"}}},
    ]
    spec = JobSpec.model_validate(JOB | {"integrations": asked})
    assert isinstance(spec.integrations[0], Wandb)
    assert isinstance(spec.integrations[1], Mlflow)
    assert JobSpec.model_validate_json(spec.model_dump_json()) == spec


def test_none_is_asked_for_twice() -> None:
    twice = [{"type": "mlflow", "mlflow": {"experiment": name}} for name in ("a", "b")]
    with pytest.raises(ValidationError, match="'mlflow' twice"):
        JobSpec.model_validate(JOB | {"integrations": twice})
