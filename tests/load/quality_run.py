"""Trains one model as a job with default settings does, and measures what would be served."""

from __future__ import annotations

import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from services.training.data.splitting import Split
from services.training.exporting.onnx_export import export
from services.training.exporting.selection import choose
from services.training.fitting.batching import IGNORED
from services.training.fitting.callback import StepReport, ValidationReport
from services.training.fitting.checkpoint import CheckpointFolder
from services.training.fitting.loop import FitResult, Method, fit
from services.training.fitting.recipe import Recipe
from services.training.models.encoder import encoder_width
from services.training.models.text_encoder import TextEncoder
from services.training.pipeline import plan
from services.training.tasks.nlu.evaluation import QUALITY
from services.training.tasks.nlu.examples import OUT_OF_SCOPE_ID, examples_of
from services.training.tasks.nlu.labels import LabelSpace
from services.training.tasks.nlu.model import JointModel
from services.training.tasks.nlu.prediction import predict
from services.training.tasks.nlu.task import TASK
from services.training.tasks.nlu.variants import JointVariants
from shared.artifacts.bundle import Bundle, write_bundle
from shared.artifacts.layout import MINILM
from shared.artifacts.manifest import FP32_MODEL, TOKENIZER, Calibration, Manifest, Parity
from shared.contracts.training.jobs import JobSpec
from shared.inference.reader import TextReader
from shared.inference.scope import DEFAULT_WEIGHTS, scope_score
from shared.tasks.nlu.row import Row
from tests.load.quality_baseline import baseline
from tests.load.quality_data import SOURCES
from tests.load.quality_knowledge import top_1
from tests.load.quality_scope import recall_at_rejection

#: For so long at least a served model reads, to find out how fast it does.
_SPEED_SECONDS = 2.0

SPEC = JobSpec(model=MINILM, training_file="file-benchmark")


@dataclass(frozen=True)
class Measured:
    """All that the report tells of one model; scores are shares, 0..1."""

    rows: tuple[int, int, int]
    """Training, validation, test."""
    epochs: int
    steps: int
    training_seconds: float
    total_seconds: float
    """With export, calibration and evaluation; without the baseline."""
    peak_mb: float
    """Resident memory of the process."""
    scheme: str | None
    """Of the int8 graph that is served; ``None``: fp32 is."""
    fp32: dict[str, float]
    served: dict[str, float]
    baseline: dict[str, float]
    baseline_seconds: float
    texts_per_second: float
    """Test rows that the served model reads in a second, on all cores, alone."""
    similarity: float
    """Mean cosine of the test rows' sentence embeddings to the base model's."""


class Progress:
    """A callback that prints."""

    def stepped(self, report: StepReport) -> None:
        """Now and then."""
        if report.step % 100 == 0:
            left = f"{report.seconds_left:.0f} s left"
            print(f"  step {report.step}/{report.total_steps}, loss {report.loss:.3f}, {left}", flush=True)

    def validated(self, report: ValidationReport) -> None:
        """Every time."""
        print(f"  step {report.step}: validation {report.scores}", flush=True)

    def noticed(self, message: str) -> None:
        """Every time."""
        print(f"  {message}", flush=True)

    def stopping(self) -> bool:
        """Never."""
        return False


def measure(name: str) -> Measured:
    """Train, export, calibrate and evaluate on a set."""
    source = SOURCES[name]
    parts = source.read()
    base = source.base()
    began = time.monotonic()
    labels = LabelSpace.of(parts.train)
    encoder = TextEncoder.load(base, SPEC.schedule.max_length)
    how, recipe = plan(SPEC, labels, len(parts.train), width=encoder_width(base))
    model = JointModel.load(base, labels, recipe.dropout)
    test = examples_of(encoder, parts.test, labels)
    untrained = predict(model, test).embeddings
    extra = {"knowledge_base_model": top_1(model, encoder, letters=False)} if source.knowledge else {}
    with tempfile.TemporaryDirectory() as folder:
        fitted = _fit(model, encoder, parts, recipe, how, Path(folder))
        extra |= _threshold_free(model, encoder, parts)
        if source.knowledge:
            extra |= {"knowledge": top_1(model, encoder), "knowledge_vectors": top_1(model, encoder, letters=False)}
        tuned = predict(model, test).embeddings
        exported = _exported(model, encoder, parts, Path(folder))
    total_seconds = time.monotonic() - began
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began = time.monotonic()
    linear = baseline(parts)
    return Measured(
        rows=(len(parts.train), len(parts.validation), len(parts.test)),
        epochs=recipe.epochs,
        steps=fitted.steps,
        training_seconds=fitted.seconds,
        total_seconds=total_seconds,
        peak_mb=peak_mb,
        scheme=exported.scheme,
        fp32=exported.fp32 | extra,
        served=exported.served,
        baseline=linear,
        baseline_seconds=time.monotonic() - began,
        texts_per_second=exported.texts_per_second,
        similarity=float((untrained * tuned).sum(axis=1).mean()),
    )


def _fit(
    model: JointModel, encoder: TextEncoder, parts: Split[Row], recipe: Recipe, how: Method, folder: Path
) -> FitResult:
    return fit(
        model,
        examples_of(encoder, parts.train, model.labels),
        examples_of(encoder, parts.validation, model.labels),
        recipe,
        how,
        checkpoints=CheckpointFolder(folder / "checkpoints"),
        callback=Progress(),
    )


def _threshold_free(model: JointModel, encoder: TextEncoder, parts: Split[Row]) -> dict[str, float]:
    """Recall of out-of-scope test rows where exactly 5 % of the in-scope ones are rejected: free of any threshold."""
    test = examples_of(encoder, parts.test, model.labels)
    intents = np.array([example.intent for example in test])
    if not (intents == OUT_OF_SCOPE_ID).any():
        return {}
    known = [row for row in examples_of(encoder, parts.train, model.labels) if row.intent >= 0]
    neighbours = predict(model, known).embeddings
    found = predict(model, test)
    if found.intent is None:
        return {}
    scores = scope_score(found.intent, found.embeddings, neighbours, DEFAULT_WEIGHTS)
    nearest = (found.embeddings @ neighbours.T).max(axis=1)
    labelled = intents != IGNORED
    inside = intents[labelled] >= 0
    return {
        "recall_at_5": recall_at_rejection(scores[labelled], inside),
        "recall_at_5_nearest": recall_at_rejection(nearest[labelled], inside),
    }


class _Exported(NamedTuple):
    """See ``Measured``."""

    fp32: dict[str, float]
    served: dict[str, float]
    scheme: str | None
    texts_per_second: float


def _exported(model: JointModel, encoder: TextEncoder, parts: Split[Row], folder: Path) -> _Exported:
    bundle = folder / "bundle"
    bundle.mkdir()
    encoder.save(bundle / TOKENIZER)
    export(model, TASK, bundle, examples_of(encoder, parts.validation, model.labels))
    bench = JointVariants(bundle, draft_manifest(model), encoder, model.labels, parts, torch.get_num_threads())
    plain = bench.evaluate(bench.try_out(FP32_MODEL, None), parts.test)
    chosen, _ = choose(bench, bundle, parts.validation, QUALITY)
    served = bench.evaluate(chosen, parts.test)
    bench.keep(chosen)
    manifest = draft_manifest(model).model_copy(update={"calibration": chosen.calibration, "served_file": chosen.file})
    speed = _speed(write_bundle(bundle, manifest), [row.text for row in parts.test])
    return _Exported(plain.scores, served.scores, chosen.scheme.name if chosen.scheme else None, speed)


def _speed(bundle: Bundle, texts: list[str]) -> float:
    reader = TextReader.from_bundle(bundle, threads=torch.get_num_threads())
    read, began = 0, time.monotonic()
    while (passed := time.monotonic() - began) < _SPEED_SECONDS:
        reader.read(texts)
        read += len(texts)
    reader.close()
    return read / passed


def draft_manifest(model: JointModel) -> Manifest:
    """Of a model that a benchmark made, before anything was measured."""
    return Manifest(
        model_id="ft:minilm:parley::benchmark",
        base_model=MINILM,
        created_at=0,
        data_sha256="",
        spec=SPEC,
        job_id="ftjob-benchmark",
        labels=model.labels.to_manifest(),
        embedding_size=model.projection.out_features,
        max_length=SPEC.schedule.max_length,
        calibration=Calibration(),
        served_file=FP32_MODEL,
        metrics={},
        parity=Parity(max_abs_difference=0.0, int8_scheme=None, int8_loss=None),
        files={},
    )
