"""The objectives that a job can name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from services.training.fitting.recipe import Recipe
from services.training.objectives.adversarial import AdversarialObjective
from services.training.objectives.distillation import DistillationObjective
from services.training.objectives.matryoshka import MatryoshkaObjective
from services.training.objectives.objective import Objective
from services.training.objectives.r_drop import RDropObjective
from services.training.tasks.task import Task
from shared.contracts.objectives import Adversarial, Distillation, Matryoshka, RDrop
from shared.contracts.tunings import Spec

OBJECTIVES: Mapping[type[Spec], Callable[[Any, Task[Any, Any, Any, Any], Recipe], Objective]] = {
    Adversarial: lambda spec, _task, _recipe: AdversarialObjective(spec),
    RDrop: lambda spec, task, _recipe: RDropObjective(spec, task.distributions),
    Distillation: lambda spec, _task, _recipe: DistillationObjective(spec),
    Matryoshka: lambda spec, task, recipe: MatryoshkaObjective(spec, task.loss, recipe),
}


def objectives_of(specs: Sequence[Spec], task: Task[Any, Any, Any, Any], recipe: Recipe) -> list[Objective]:
    """What the run of a task minimises besides its loss, in the order named: later ones wrap earlier ones."""
    return [OBJECTIVES[type(spec)](spec, task, recipe) for spec in specs]
