"""Makes the model of the chat benchmarks: MiniLM, trained on the starter rows until its answers make sense."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from tempfile import TemporaryDirectory

from services.training.data.splitting import Split, split, thinned
from services.training.exporting.activation_scales import ENOUGH_TEXTS
from services.training.exporting.onnx_export import export
from services.training.exporting.quantization import SCHEMES, quantise
from services.training.fitting.batching import together
from services.training.fitting.checkpoint import CheckpointFolder
from services.training.fitting.loop import fit
from services.training.models.base_models import base_path
from services.training.models.encoder import encoder_width
from services.training.models.text_encoder import TextEncoder
from services.training.pipeline import plan
from services.training.tasks.nlu.examples import collate, examples_of
from services.training.tasks.nlu.labels import LabelSpace
from services.training.tasks.nlu.model import JointModel
from services.training.tasks.nlu.task import TASK
from services.training.tasks.nlu.variants import JointVariants
from shared.artifacts.bundle import write_bundle
from shared.artifacts.layout import MINILM
from shared.artifacts.manifest import FP32_MODEL, INT8_MODEL, TOKENIZER, Calibration, Manifest
from shared.rows.reader import read_rows
from shared.starter import utterances
from shared.tasks.nlu.row import Row
from shared.tasks.records import kind_by_fields
from tests.load.chat_model import FOLDER, MODEL_ID
from tests.load.quality_run import SPEC, Progress, draft_manifest

_EPOCHS = 2


def ensure_bundle() -> None:
    """Make the bundle unless it is there; served is the fastest int8 graph, whatever it loses."""
    if not (FOLDER / "manifest.json").is_file():
        print("training the model of the benchmark (once) ...", flush=True)
        FOLDER.mkdir(parents=True, exist_ok=True)
        _make(FOLDER)


def _make(folder: Path) -> None:
    with utterances().open("rb") as stream:
        parts = split(read_rows(stream, "jsonl", kind_by_fields).rows, seed=0)
    labels = LabelSpace.of(parts.train)
    encoder = TextEncoder.load(base_path(MINILM), SPEC.schedule.max_length)
    model = _trained(parts, labels, encoder)
    encoder.save(folder / TOKENIZER)
    export(model, TASK, folder, examples_of(encoder, parts.validation, labels))
    bench = JointVariants(folder, _manifest(model, Calibration()), encoder, labels, parts, threads=1)
    shown = examples_of(encoder, thinned(parts.train, ENOUGH_TEXTS), labels)
    texts = [together([example], collate) for example in shown]
    quantise(folder / FP32_MODEL, folder / INT8_MODEL, SCHEMES[0], texts)
    candidate = bench.try_out(INT8_MODEL, SCHEMES[0])
    bench.keep(candidate)
    write_bundle(folder, _manifest(model, candidate.calibration))


def _trained(parts: Split[Row], labels: LabelSpace, encoder: TextEncoder) -> JointModel:
    base = base_path(MINILM)
    how, full = plan(SPEC, labels, len(parts.train), width=encoder_width(base))
    recipe = dataclasses.replace(full, epochs=_EPOCHS)
    model = JointModel.load(base, labels, recipe.dropout)
    with TemporaryDirectory(prefix="parley-bench-") as checkpoints:
        fit(
            model,
            examples_of(encoder, parts.train, labels),
            (),
            recipe,
            how,
            checkpoints=CheckpointFolder(Path(checkpoints)),
            callback=Progress(),
        )
    return model


def _manifest(model: JointModel, calibration: Calibration) -> Manifest:
    chosen = {"model_id": MODEL_ID, "calibration": calibration, "served_file": INT8_MODEL}
    return draft_manifest(model).model_copy(update=chosen)
