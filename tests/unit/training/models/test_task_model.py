from __future__ import annotations

from pathlib import Path

import pytest
import torch

from services.training.models.encoder import layers_of
from services.training.tasks.nlu.labels import LabelSpace
from services.training.tasks.nlu.model import JointModel
from shared.errors import TrainingFailed
from tests.unit.training.tiny_base import ROWS, tiny_base

IDS = torch.tensor([[101, 7592, 2088, 102]])


@pytest.fixture
def model(tmp_path: Path) -> JointModel:
    return JointModel.load(tiny_base(tmp_path / "base"), LabelSpace.of(ROWS), dropout=0.0).train()


@pytest.mark.parametrize(("enable", "times"), [(False, 1), (True, 2)])
def test_with_checkpointing_a_layer_is_computed_again_for_its_gradients(
    model: JointModel, enable: bool, times: int
) -> None:
    calls: list[int] = []
    layers_of(model.encoder, model.layers)[0].get_submodule("attention").register_forward_hook(
        lambda *_: calls.append(1)
    )
    model.checkpoint_gradients(enable=enable)

    model(IDS, torch.ones_like(IDS))["tags"].square().sum().backward()

    assert len(calls) == times


def test_an_encoder_that_cannot_is_named_with_another_remedy(
    model: JointModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(model.encoder), "supports_gradient_checkpointing", False)
    with pytest.raises(TrainingFailed, match="rows_at_once saves memory too"):
        model.checkpoint_gradients(enable=True)


def test_an_architecture_whose_layers_cannot_be_told_is_refused(model: JointModel) -> None:
    with pytest.raises(TrainingFailed, match="cannot be told apart"):
        layers_of(model.encoder, 99)
