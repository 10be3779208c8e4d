"""Graphs in half precision: a job that asks for one, what it is measured by, and what is not as good."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper

from services.training.exporting.half_precision import halve
from shared.artifacts.bundle import Bundle
from shared.artifacts.manifest import FP16_MODEL, FP32_MODEL, DecoderShape
from shared.contracts.training.jobs import Export
from shared.contracts.training.tasks import TaskName
from shared.decoding.parts import DecoderLimits, DecoderParts
from shared.errors import BrokenArtifact
from shared.inference.session import OnnxSession
from shared.storage.training import models
from tests.task_bundles import Made
from tests.unit.training import job_kit
from tests.unit.training.attempts import attempt_at, bundle_of
from tests.unit.training.job_kit import Bench
from tests.unit.training.tasks.samples import SAMPLES
from tests.unit.training.tiny_base import base_of, tiny_base

#: An encoder, a decoder upon a shared buffer, one whose keys and values are concatenated, an encoder-decoder.
KINDS: tuple[TaskName, ...] = ("text_classification", "token_classification", "causal_lm", "seq2seq")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_base(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture
def bench(tmp_path: Path, base: str) -> Iterator[Bench]:
    with job_kit.bench(tmp_path / "home", base_models=Path(base).parent) as made:
        yield made


def exported(task: TaskName, folder: Path) -> tuple[Made, Bundle]:
    kind = next(kind for name, kind in SAMPLES if name == task)
    made = Made.on(base_of(task, folder / "base"), task, kind)
    return made, made.export(folder / "bundle", "ft:tiny:parley::half")[0]


@pytest.mark.parametrize("task", KINDS)
def test_every_kind_of_graph_computes_the_same_in_half_the_bytes(task: TaskName, tmp_path: Path) -> None:
    made, bundle = exported(task, tmp_path)

    found = halve(bundle.folder, bundle.manifest.decoder, made.task, made.examples)

    assert found.kept, found.reason
    assert 0 < found.difference < 0.02
    exact, half = (bundle.folder / name for name in (FP32_MODEL, FP16_MODEL))
    assert half.stat().st_size < 0.75 * exact.stat().st_size
    if isinstance(bundle.manifest.decoder, DecoderShape):
        parts = DecoderParts.of_files(half, bundle.manifest.decoder, DecoderLimits(slots=2))
        graph_of_half = parts.graph()
        assert np.isfinite(graph_of_half.prefill(0, [1, 2, 3], 0)).all(), "it is served as any other"
        graph_of_half.close()


def test_a_graph_that_leaves_the_range_of_half_precision_is_not_kept(tmp_path: Path) -> None:
    made, bundle = exported("text_classification", tmp_path)
    graph = onnx.load(bundle.folder / FP32_MODEL)
    for tensor in graph.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT and "word_embeddings" in tensor.name:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) * 1e7, tensor.name))
    onnx.save(graph, bundle.folder / FP32_MODEL)

    found = halve(bundle.folder, None, made.task, made.examples)

    assert not found.kept
    assert "differ" in found.reason
    assert not (bundle.folder / FP16_MODEL).exists()


def test_a_job_makes_one_for_gpus_and_tells_what_it_costs(bench: Bench, base: str, tmp_path: Path) -> None:
    sample = SAMPLES["text_classification", "one label"]
    asked = job_kit.spec(base, bench.upload(sample.rows), epochs=2)
    asked = asked.model_copy(update={"task": "text_classification", "export": Export(gpu_precision="fp16")})

    job_id, _, _ = attempt_at(bench, asked)

    told = bench.told(job_id)
    assert any(line.startswith("GPUs serve fp16") for line in told), told
    model = bench.job(job_id).fine_tuned_model or ""
    bundle = bundle_of(bench, model, tmp_path)
    assert bundle.served(on_gpu=True).name == FP16_MODEL
    assert bundle.served(on_gpu=False).name == bundle.manifest.served_file != FP16_MODEL
    assert 0 < (bundle.manifest.parity.fp16_difference or 0) < 0.02
    assert (bundle.manifest.parity.fp16_loss or 0) <= 0.5
    with bench.database.reading() as session:
        assert models.get(session, model).id == model
    with closing(OnnxSession.open(bundle.served(on_gpu=True))) as session_on_cpu:
        assert session_on_cpu.run(np.array([[101, 102]]), np.array([[1, 1]])), "it can be looked into anywhere"


def test_a_bundle_that_lacks_the_graph_for_gpus_is_broken(tmp_path: Path) -> None:
    _, bundle = exported("text_classification", tmp_path)
    manifest = bundle.manifest.model_copy(update={"gpu_file": FP16_MODEL})
    (bundle.folder / "manifest.json").write_text(manifest.model_dump_json(), encoding="utf-8")
    with pytest.raises(BrokenArtifact, match=f"lacks {FP16_MODEL}"):
        Bundle.open(bundle.folder)
