"""The objectives that a job can name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from services.training.fitting.recipe import Recipe
from services.training.objectives.adversarial import AdversarialObjective
from services.training.objectives.augmentation import AugmentationObjective
from services.training.objectives.class_weights import ClassWeightsObjective
from services.training.objectives.distillation import DistillationObjective
from services.training.objectives.dpo import DpoObjective
from services.training.objectives.ewc import EwcObjective
from services.training.objectives.focal import FocalObjective
from services.training.objectives.matryoshka import MatryoshkaObjective
from services.training.objectives.objective import Learned, Objective
from services.training.objectives.r_drop import RDropObjective
from services.training.tasks.task import Task
from shared.contracts.training.objectives import (
    Adversarial,
    Augmentation,
    ClassWeights,
    Distillation,
    Dpo,
    Ewc,
    Focal,
    Matryoshka,
    PseudoLabels,
    RDrop,
    Replay,
)
from shared.contracts.training.tunings import Spec


def _rows_alone(_spec: Spec, _task: Task[Any, Any, Any, Any], _recipe: Recipe, _learned: Learned) -> Objective:
    """Of what only adds rows, which the pipeline does before there is a schema: they may bring labels."""
    return Objective()


OBJECTIVES: Mapping[type[Spec], Callable[[Any, Task[Any, Any, Any, Any], Recipe, Learned], Objective]] = {
    Adversarial: lambda spec, _task, _recipe, _learned: AdversarialObjective(spec),
    RDrop: lambda spec, task, _recipe, _learned: RDropObjective(spec, task.distributions),
    Distillation: lambda spec, _task, _recipe, _learned: DistillationObjective(spec),
    Matryoshka: lambda spec, task, recipe, _learned: MatryoshkaObjective(spec, task.loss, recipe),
    ClassWeights: lambda spec, _task, _recipe, learned: ClassWeightsObjective(spec, learned),
    Augmentation: lambda spec, task, recipe, _learned: AugmentationObjective(spec, task.change_texts, recipe.seed),
    Replay: _rows_alone,
    PseudoLabels: _rows_alone,
    Ewc: lambda spec, task, recipe, _learned: EwcObjective(spec, task, recipe),
    Dpo: lambda spec, _task, _recipe, _learned: DpoObjective(spec),
    Focal: lambda spec, _task, _recipe, learned: FocalObjective(spec, learned),
}


def objectives_of(
    specs: Sequence[Spec], task: Task[Any, Any, Any, Any], recipe: Recipe, learned: Learned
) -> list[Objective]:
    """What the run of a task minimises besides its loss, in the order named: later ones wrap earlier ones."""
    return [OBJECTIVES[type(spec)](spec, task, recipe, learned) for spec in specs]
