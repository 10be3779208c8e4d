"""The bundle of a tiny decoder with random weights: it writes nonsense for ever, and the same for the same seed."""

from __future__ import annotations

import shutil
from pathlib import Path

from shared.artifacts.bundle import Bundle, write_bundle
from shared.artifacts.layout import model_key
from shared.artifacts.manifest import CHAT_TEMPLATE, FP32_MODEL, TOKENIZER, Calibration, Labels, Manifest, Parity
from shared.artifacts.store import ArtifactStore
from shared.contracts.training.jobs import JobSpec
from shared.decoding.chat_template import PLAIN
from shared.storage.database.engine import Database
from shared.storage.tables.core import Model
from shared.storage.training import models
from tests.unit.decoding.tiny_decoder import TinyDecoder


def decoder_bundle(made: TinyDecoder, folder: Path, model_id: str) -> Bundle:
    """A bundle in a new folder."""
    folder.mkdir(parents=True)
    for file in made.path.parent.glob("model.onnx*"):
        shutil.copy(file, folder / file.name)
    (folder / TOKENIZER).write_text(made.tokens.to_json())
    (folder / CHAT_TEMPLATE).write_text(PLAIN)
    manifest = Manifest(
        model_id=model_id,
        base_model="tiny",
        created_at=1,
        data_sha256="0" * 64,
        spec=JobSpec(model="tiny", training_file="file-tiny"),
        job_id="ftjob-tiny",
        labels=Labels(),
        embedding_size=0,
        max_length=made.shape.context,
        decoder=made.shape,
        calibration=Calibration(),
        served_file=FP32_MODEL,
        metrics={},
        parity=Parity(max_abs_difference=0.0, int8_scheme=None, int8_loss=None),
        files={},
    )
    return write_bundle(folder, manifest)


def publish(bundle: Bundle, database: Database, store: ArtifactStore) -> None:
    """Store it as a training job would."""
    model_id = bundle.manifest.model_id
    store.put_folder(model_key(model_id), bundle.folder)
    with database.transaction() as session:
        models.add(session, Model(id=model_id, task="text_generation", base_model="tiny", created_at=1.0, size_bytes=1))
