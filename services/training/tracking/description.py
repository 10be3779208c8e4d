"""What trackers are told of a job: what it was asked for, and the numbers that the recipe made of it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Any

from services.training.fitting.recipe import Recipe
from services.training.tracking.tracker import Run
from shared.contracts.training.jobs import JobSpec

Plain = str | int | float | bool

#: Of the recipe: nothing of the model depends on the one, and another worker may have another; the other is told by the objectives.
_LEFT_OUT = ("checkpoint_seconds", "choices")


def run_of(job_id: str, spec: JobSpec, recipe: Recipe) -> Run:
    """The parameters of a run: those of the job under its own names, those of the recipe under ``recipe.``."""
    asked = spec.model_dump(mode="json", exclude={"integrations"})
    made = {name: value for name, value in dataclasses.asdict(recipe).items() if name not in _LEFT_OUT}
    text = json.dumps(asked, indent=2, ensure_ascii=False)
    return Run(job_id, dict(_flat({**asked, "recipe": made})), text)


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Plain]]:
    """Every value under the path to it; what is left out has none, and lists are text."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, Plain):
            yield f"{prefix}{name}", value
        elif value is not None:
            yield f"{prefix}{name}", json.dumps(value, ensure_ascii=False)
