"""Bundles of tiny models of any task."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.training.data.splitting import Split
from services.training.exporting.onnx_export import export
from services.training.models.task_model import TaskModel
from services.training.models.text_encoder import TextEncoder
from services.training.tasks.table import TASKS
from services.training.tasks.task import Exported, Setting, Task
from shared.artifacts.bundle import Bundle, write_bundle
from shared.artifacts.manifest import FP32_MODEL, TOKENIZER, Calibration, Manifest, Parity
from shared.contracts.training.jobs import JobSpec
from shared.contracts.training.tasks import TaskName
from shared.rows.reader import read_rows
from shared.tasks.records import kind_for
from tests.unit.training.tasks.samples import SAMPLES
from tests.unit.training.tiny_base import base_of

#: Rows that are enough to take a step with.
_FEW = 8


@dataclass(frozen=True)
class Made:
    """A model of a task, untrained, with what it was made of."""

    name: TaskName
    task: Task[Any, Any, Any, Any]
    schema: Any
    encoder: TextEncoder
    examples: Sequence[Any]
    model: TaskModel
    parts: Split[Any] | None
    """Of a task that cuts by itself, and puts more than one graph into a bundle."""

    @classmethod
    def on(cls, base: Path, name: TaskName, kind: str = "") -> Made:
        """On a base model, for some rows of a sample."""
        task, records = TASKS[name], some_rows(name, kind)
        parts = None if task.split is None else task.split(records)
        rows = records if parts is None else parts.train
        encoder, schema = TextEncoder.load(base, 32), task.schema(rows)
        examples = task.examples(encoder, rows, schema)
        return cls(name, task, schema, encoder, examples, task.model(base, schema, 0.1), parts)

    def export(self, folder: Path, model_id: str) -> tuple[Bundle, float]:
        """Its bundle in a new folder, and how far the graph differs from the model."""
        folder.mkdir(parents=True)
        self.encoder.save(folder / TOKENIZER)
        exported = self._exported(folder)
        manifest = self._manifest(model_id, exported)
        if self.parts is not None:
            setting = Setting(folder, manifest, self.encoder, self.parts, 1)
            variants = self.task.variants(setting, self.schema)
            variants.keep(variants.try_out(FP32_MODEL, None))
        return write_bundle(folder, manifest), exported.difference

    def _manifest(self, model_id: str, exported: Exported) -> Manifest:
        return Manifest(
            model_id=model_id,
            task=self.name,
            base_model="tiny",
            created_at=1,
            data_sha256="0" * 64,
            spec=JobSpec(model="tiny", training_file="file-tiny", task=self.name),
            job_id="ftjob-tiny",
            labels=self.task.labels(self.schema),
            embedding_size=self.task.embedding_size(self.model),
            max_length=32,
            decoder=exported.decoder,
            calibration=Calibration(),
            served_file=FP32_MODEL,
            metrics={},
            parity=Parity(max_abs_difference=exported.difference, int8_scheme=None, int8_loss=None),
            files={},
        )

    def _exported(self, folder: Path) -> Exported:
        if self.task.export is not None:
            return self.task.export(self.model, folder, self.examples)
        return Exported(export(self.model, self.task, folder, self.examples))


def some_rows(name: TaskName, kind: str = "") -> list[Any]:
    """A few rows of a sample, from everywhere in it."""
    records, cut = SAMPLES[name, kind].rows, TASKS[name].split
    chosen = records[:: max(1, len(records) // _FEW)] if cut is None else records
    content = "\n".join(json.dumps(record) for record in chosen)
    return read_rows(io.BytesIO(content.encode()), "jsonl", kind_for(name)).rows


def task_bundle(folder: Path, name: TaskName, model_id: str, kind: str = "") -> Bundle:
    """A bundle of a model with random weights."""
    folder.mkdir(parents=True)
    return Made.on(base_of(name, folder / "base"), name, kind).export(folder / "bundle", model_id)[0]
