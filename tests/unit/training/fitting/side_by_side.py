"""``python -m tests.unit.training.fitting.side_by_side RANK SIZE PORT BASES``: short runs of a few tasks, told as JSON."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from services.training.fitting.callback import StepReport
from services.training.fitting.checkpoint import CheckpointFolder
from services.training.fitting.group import ALONE, Group, together
from services.training.fitting.loop import Method, fit
from services.training.objectives.adversarial import AdversarialObjective
from services.training.objectives.objective import Objective
from services.training.tunings.table import tuning_of
from shared.contracts.training.objectives import Adversarial
from shared.contracts.training.tasks import TaskName
from shared.contracts.training.tunings import Full, Lora, Spec
from tests.task_bundles import Made
from tests.unit.training.fitting.quiet import Quiet
from tests.unit.training.tiny_base import recipe

#: What is trained, by name: the task, the base model, the tuning, and an objective that needs the gradients of the whole batch.
CASES: Mapping[str, tuple[TaskName, str, Spec, tuple[Objective, ...]]] = {
    "adversarial": ("nlu", "reads", Full(), (AdversarialObjective(Adversarial(distance=1.0)),)),
    "lora": ("token_classification", "reads", Lora(dropout=0.0), ()),
    "packed": ("text_generation", "goes-on", Full(), ()),
    "seq2seq": ("seq2seq", "writes", Full(), ()),
}


class Losses(Quiet):
    """Keeps the losses."""

    def __init__(self) -> None:
        self.found: list[float] = []

    def stepped(self, report: StepReport) -> None:
        """After each step."""
        self.found.append(report.loss)


def trained(case: str, bases: Path, group: Group = ALONE) -> dict[str, Any]:
    """The loss of each step of a run without dropout, and the sum of all weights at its end."""
    name, base, tuning, objectives = CASES[case]
    made = Made.on(bases / base, name, next(kind for task, kind in _samples() if task == name))
    model, losses = made.task.model(bases / base, made.schema, 0.0), Losses()
    with tempfile.TemporaryDirectory() as folder:
        fitted = fit(
            model,
            made.examples,
            made.examples[:3],
            replace(recipe(tuning, epochs=2, batch_size=3), dropout=0.0),
            Method(made.task, tuning_of(tuning), objectives),
            checkpoints=CheckpointFolder(Path(folder)),
            callback=losses,
            group=group,
        )
    total = sum(float(weight.detach().double().abs().sum()) for weight in model.parameters())
    return {"losses": losses.found, "weights": total, "scores": fitted.scores, "steps": fitted.steps}


def _samples() -> list[tuple[TaskName, str]]:
    from tests.unit.training.tasks.samples import SAMPLES

    return list(SAMPLES)


def main(rank: str, size: str, port: str, bases: str) -> None:
    """Print what came of every case."""
    torch.set_num_threads(1)
    with together(int(rank), int(size), int(port)) as group:
        print(json.dumps({case: trained(case, Path(bases), group) for case in CASES}))


if __name__ == "__main__":
    main(*sys.argv[1:])
