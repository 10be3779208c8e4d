"""Every way to tune, with every task: trained, exported as it computes, and asked."""

from __future__ import annotations

import io
import json
from contextlib import closing
from pathlib import Path

import pytest

from services.training.exporting.onnx_export import export
from services.training.fitting.checkpoint import CheckpointFolder
from services.training.fitting.loop import Method, fit
from services.training.models.text_encoder import TextEncoder
from services.training.tasks.table import TASKS
from services.training.tunings.table import TUNINGS, tuning_of
from shared.artifacts.bundle import write_bundle
from shared.artifacts.manifest import FP32_MODEL, TOKENIZER, Calibration, Manifest, Parity
from shared.contracts.jobs import JobSpec, not_offered
from shared.contracts.tasks import TaskName
from shared.contracts.tunings import Spec
from shared.rows.reader import read_rows
from shared.tasks.readers import open_predictor
from shared.tasks.records import RECORDS, kind_for
from tests.unit.training.fitting.quiet import Quiet
from tests.unit.training.tasks.samples import SAMPLES
from tests.unit.training.tiny_base import recipe, tiny_base

#: Rows that are enough to take two steps with.
_FEW = 8


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_base(tmp_path_factory.mktemp("models") / "tiny")


@pytest.mark.parametrize("tuning", [*TUNINGS], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(("name", "kind"), SAMPLES, ids=lambda part: str(part).replace(" ", "-"))
def test_a_pair_trains_exports_and_answers(
    base: Path, name: TaskName, kind: str, tuning: type[Spec], tmp_path: Path
) -> None:
    sample, task, spec = SAMPLES[name, kind], TASKS[name], tuning()
    refused = not_offered(name, spec, ())
    if refused is not None:
        assert "use " in refused[1]
        return
    records = sample.rows[:: max(1, len(sample.rows) // _FEW)]
    content = "\n".join(json.dumps(record) for record in records)
    rows = read_rows(io.BytesIO(content.encode()), "jsonl", kind_for(name)).rows
    encoder, schema = TextEncoder.load(base, 32), task.schema(rows)
    model, examples = task.model(base, schema, 0.1), task.examples(encoder, rows, schema)
    checkpoints = CheckpointFolder(tmp_path / "checkpoints")

    fitted = fit(
        model,
        examples,
        examples,
        recipe(spec, epochs=1, max_steps=2),
        Method(task, tuning_of(spec)),
        checkpoints=checkpoints,
        callback=Quiet(),
    )

    assert fitted.steps == 2
    assert 0 < fitted.trained_weights <= fitted.weights * 1.5
    folder = tmp_path / "bundle"
    folder.mkdir()
    encoder.save(folder / TOKENIZER)
    assert export(model, task, folder, examples) < 1e-4
    bundle = write_bundle(
        folder,
        Manifest(
            model_id="ft:tiny:parley::pair",
            task=name,
            base_model="tiny",
            created_at=1,
            data_sha256="0" * 64,
            spec=JobSpec(model="tiny", training_file="file-pair"),
            job_id="ftjob-pair",
            labels=task.labels(schema),
            embedding_size=task.embedding_size(model),
            max_length=32,
            calibration=Calibration(),
            served_file=FP32_MODEL,
            metrics={},
            parity=Parity(max_abs_difference=0.0, int8_scheme=None, int8_loss=None),
            files={},
        ),
    )
    with closing(open_predictor(bundle)) as predictor:
        (prediction,) = predictor.predict([RECORDS[name].parse_input(sample.asked)])
    assert set(prediction.answer) == sample.fields
