"""Every way to tune ends in a graph that computes what the tuned model computes, and that finds its texts again."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from services.training.exporting.onnx_export import export
from services.training.models.text_encoder import TextEncoder
from services.training.tasks.nlu.examples import examples_of
from services.training.tasks.nlu.labels import LabelSpace
from services.training.tasks.nlu.model import JointModel
from services.training.tasks.nlu.task import TASK
from services.training.tunings.table import TUNINGS
from shared.contracts.training.tunings import Spec
from tests.unit.training.tiny_base import ROWS, tiny_base

LABELS = LabelSpace.of(ROWS)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_base(tmp_path_factory.mktemp("models") / "tiny")


@pytest.mark.parametrize("kind", [*TUNINGS], ids=lambda kind: kind.__name__)
def test_a_tuned_model_is_exported_as_it_computes(base: Path, kind: type[Spec], tmp_path: Path) -> None:
    model, encoder = JointModel.load(base, LABELS, 0.1), TextEncoder.load(base, 32)
    examples = examples_of(encoder, ROWS, LABELS)
    words = torch.tensor(sorted({token for example in examples for token in example.tokens}))
    tuning = TUNINGS[kind](kind())
    tuning.apply(model, words, 10)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.requires_grad:
                weight.add_(0.05 * torch.randn_like(weight))
    tuning.merge(model)

    assert export(model, TASK, tmp_path, examples) < 1e-4
