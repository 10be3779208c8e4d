from __future__ import annotations

from pathlib import Path

import pytest
import torch

from services.training.fitting.callback import StepReport
from services.training.fitting.checkpoint import CheckpointFolder
from services.training.fitting.loop import Method, Stopped, fit
from services.training.models.text_encoder import TextEncoder
from services.training.objectives.ewc import EwcObjective
from services.training.objectives.objective import Beginning
from services.training.tasks.nlu.examples import examples_of
from services.training.tasks.nlu.labels import LabelSpace
from services.training.tasks.nlu.model import JointModel
from services.training.tasks.nlu.task import TASK
from services.training.tunings.table import tuning_of
from shared.contracts.training.objectives import Ewc
from shared.contracts.training.tunings import Full
from shared.errors import TrainingFailed
from tests.unit.training.fitting.quiet import Quiet
from tests.unit.training.tiny_base import ROWS, recipe, tiny_base

LABELS = LabelSpace.of(ROWS)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_base(tmp_path_factory.mktemp("base") / "tiny")


class Stopping(Quiet):
    """Stops after so many steps."""

    def __init__(self, after: int | None) -> None:
        self._left = after

    def stepped(self, report: StepReport) -> None:
        """After each step."""
        del report
        self._left = None if self._left is None else self._left - 1

    def stopping(self) -> bool:
        """When they are taken."""
        return self._left == 0


def begun(base: Path, weight: float = 10.0) -> EwcObjective:
    objective = EwcObjective(Ewc(weight=weight), TASK, recipe())
    assert objective.begin(Beginning(base, TextEncoder.load(base, 32), ROWS)) is not None
    return objective


def trained(base: Path, folder: Path, stop_after: int | None = None) -> JointModel:
    model = JointModel.load(base, LABELS, 0.1)
    examples = examples_of(TextEncoder.load(base, 32), ROWS, LABELS)
    how = Method(TASK, tuning_of(Full()), [begun(base)])
    fit(model, examples, [], recipe(), how, checkpoints=CheckpointFolder(folder), callback=Stopping(stop_after))
    return model


def test_a_resumed_run_holds_the_same_weights_and_ends_with_the_same(base: Path, tmp_path: Path) -> None:
    whole = trained(base, tmp_path / "whole").state_dict()
    with pytest.raises(Stopped):
        trained(base, tmp_path / "cut", stop_after=4)
    resumed = trained(base, tmp_path / "cut").state_dict()
    assert all(torch.equal(tensor, resumed[name]) for name, tensor in whole.items())


def test_information_is_one_in_the_mean_and_leaves_out_the_words(base: Path) -> None:
    held = begun(base)._held
    assert not any("word_embeddings" in name for name in held)
    numbers = torch.cat([information.flatten() for _, information in held.values()])
    assert numbers.mean().item() == pytest.approx(1, rel=1e-3)
    assert numbers.min() >= 0


def test_staying_costs_nothing_and_leaving_what_mattered_costs_most(base: Path) -> None:
    objective, model = begun(base, weight=2.0), JointModel.load(base, LABELS, 0.0)
    assert objective._cost(model).item() == 0
    name, (_, information) = next(iter(objective._held.items()))
    weight = dict(model.encoder.named_parameters())[name]
    with torch.no_grad():
        weight.add_(0.5)
    assert objective._cost(model).item() == pytest.approx(0.25 * information.sum().item(), rel=1e-4)


def test_nothing_to_hold_is_told(base: Path) -> None:
    with pytest.raises(TrainingFailed, match="leave it out"):
        EwcObjective(Ewc(), TASK, recipe()).begin(Beginning(base, TextEncoder.load(base, 32), ()))
