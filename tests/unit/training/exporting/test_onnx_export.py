"""Graphs compute what the model computes, or are not accepted; small graphs are kept only if they are good enough."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from torch import Tensor, nn

from services.training.exporting.onnx_export import export
from services.training.exporting.quantization import SCHEMES, Scheme, quantise
from services.training.fitting.batching import together
from services.training.models.text_encoder import TextEncoder
from services.training.reporting.figures import Evaluation, points_lost
from services.training.tasks.nlu.evaluation import QUALITY
from services.training.tasks.nlu.examples import collate, examples_of
from services.training.tasks.nlu.labels import LabelSpace
from services.training.tasks.nlu.model import JointModel
from services.training.tasks.nlu.task import TASK
from shared.errors import TrainingFailed
from shared.inference.session import OnnxSession
from shared.inference.tokens import Tokens
from shared.tasks.nlu.row import Row
from tests.unit.training.tiny_base import ROWS, WIDTH, tiny_base

_LABELS = LabelSpace.of(ROWS)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_base(tmp_path_factory.mktemp("models") / "tiny")


def _export(model: JointModel, base: Path, folder: Path) -> float:
    folder.mkdir()
    encoder = TextEncoder.load(base, 32)
    encoder.save(folder / "tokenizer.json")
    return export(model, TASK, folder, examples_of(encoder, ROWS, model.labels))


@pytest.fixture(scope="module")
def exported(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "bundle"
    assert _export(JointModel.load(base, _LABELS, 0.1), base, folder) < 1e-4
    return folder


def _read(folder: Path, file: str, texts: Sequence[str] = ("fly me to Rome please",)) -> dict[str, np.ndarray]:
    tokens = Tokens.from_file(folder / "tokenizer.json", 32)
    lengths = [len(encoded.ids) for encoded in tokens.encode(texts)]
    ids = np.zeros((len(texts), max(lengths)), np.int64)
    for row, encoded in enumerate(tokens.encode(texts)):
        ids[row, : lengths[row]] = encoded.ids
    mask = (np.arange(max(lengths)) < np.array(lengths)[:, None]).astype(np.int64)
    return dict(OnnxSession.open(folder / file).run(ids, mask))


def _quantise(folder: Path, base: Path, scheme: Scheme) -> None:
    texts = [together([example], collate) for example in examples_of(TextEncoder.load(base, 32), ROWS, _LABELS)]
    quantise(folder / "model.onnx", folder / "small.onnx", scheme, texts)


def test_the_graph_has_the_outputs_that_serving_expects(exported: Path) -> None:
    outputs = _read(exported, "model.onnx")
    assert outputs["intent"].shape == (1, 3)
    assert outputs["tags"].shape[2] == 3
    assert outputs["sentiment"].shape == (1, 3)
    assert outputs["sentence_embedding"].shape == (1, WIDTH)
    onnx.checker.check_model(str(exported / "model.onnx"))


def test_a_model_without_a_head_has_no_output_for_it(base: Path, tmp_path: Path) -> None:
    labels = LabelSpace.of([Row("a", "x"), Row("b", "y")])
    _export(JointModel.load(base, labels, 0.1), base, tmp_path / "bundle")
    assert set(_read(tmp_path / "bundle", "model.onnx")) == {"intent", "sentence_embedding"}


class _Frozen(nn.Module):
    """Computes something in the model that a graph cannot follow: the number of calls."""

    calls = 0

    def forward(self, inputs: Tensor) -> Tensor:
        self.calls += 1
        return inputs * self.calls


def test_a_graph_that_computes_something_else_is_refused(base: Path, tmp_path: Path) -> None:
    model = JointModel.load(base, _LABELS, 0.0)
    model.dropout = _Frozen()  # type: ignore[assignment]
    with pytest.raises(TrainingFailed, match="cannot be exported to ONNX: outputs differ by") as caught:
        _export(model, base, tmp_path / "bundle")
    assert caught.value.code == "export_failed"


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
def test_every_scheme_makes_a_graph_that_runs(exported: Path, base: Path, scheme: Scheme) -> None:
    _quantise(exported, base, scheme)
    assert (exported / "small.onnx").stat().st_size < (exported / "model.onnx").stat().st_size
    small, plain = _read(exported, "small.onnx"), _read(exported, "model.onnx")
    assert small.keys() == plain.keys()
    cosine = (small["sentence_embedding"] * plain["sentence_embedding"]).sum()
    assert cosine > 0.98


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
def test_a_small_graph_reads_a_text_alike_alone_and_beside_others(exported: Path, base: Path, scheme: Scheme) -> None:
    _quantise(exported, base, scheme)
    texts = ("fly me to Rome please", "PAIN " * 20, "no")
    beside = _read(exported, "small.onnx", texts)
    for row, text in enumerate(texts):
        alone = _read(exported, "small.onnx", [text])
        for name in ("intent", "sentiment", "sentence_embedding"):
            np.testing.assert_allclose(beside[name][row], alone[name][0], atol=1e-3, err_msg=name)


def test_late_outputs_stay_exact_where_they_are_asked_to(exported: Path, base: Path) -> None:
    def whole_matrices(scheme: Scheme) -> int:
        _quantise(exported, base, scheme)
        return sum(node.op_type == "MatMul" for node in onnx.load(exported / "small.onnx").graph.node)

    by_name = {scheme.name: scheme for scheme in SCHEMES}
    assert whole_matrices(by_name["int8-static-but-late-outputs"]) == whole_matrices(by_name["int8-static"]) + 1


def test_the_worst_score_counts() -> None:
    plain = Evaluation(10, {"intent_accuracy": 0.9, "entity_f1": 0.8, "in_scope_rejection": 0.0}, {})
    small = Evaluation(10, {"intent_accuracy": 0.95, "entity_f1": 0.793, "in_scope_rejection": 0.5}, {})
    assert points_lost(plain, small, QUALITY) == pytest.approx(0.7)
    assert points_lost(plain, plain, QUALITY) == 0.0
