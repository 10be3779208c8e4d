"""``python -m tests.load.student [SET ...]``: what a student of half the layers costs in score and gives in texts a second.

On BANKING77 and SNIPS a job with the defaults makes the teacher; each student is one more job that goes on from it. The teacher stays below
``build/student``, so that other students of it can be tried (``--student``, JSON options of a job). Scores are those of the answers as served on
the set's own test rows; speeds are taken in turns, the models side by side in one process, the best of several rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from services.training.data.splitting import thinned
from services.training.tasks.nlu.variants import evaluate_bundle
from shared.artifacts.bundle import Bundle
from shared.artifacts.layout import MINILM
from shared.artifacts.manifest import FP32_MODEL
from shared.contracts.training.jobs import JobSpec
from shared.inference.reader import TextReader
from shared.tasks.nlu.row import Row
from tests.load.quality_data import SOURCES
from tests.unit.training import job_kit
from tests.unit.training.attempts import attempt_at, bundle_of
from tests.unit.training.job_kit import Bench

KEPT = Path(__file__).parents[2] / "build" / "student"
SETS = {"banking77": "intent_accuracy", "snips": "entity_f1"}
HALF: Mapping[str, Any] = {"tuning": {"type": "full", "student_layers": 3}}

#: Texts of a round, and rounds of each model.
_TEXTS, _ROUNDS = 400, 12

_HEAD = "| set | model | graph | validation | score | points lost | texts/s | times its teacher | times its teacher in fp32 | s a job |\n|---|---|---|---|---|---|---|---|---|---|"


def main() -> None:
    """Train and measure; a row a model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=list(SETS))
    parser.add_argument("--student", action="append", type=json.loads, help="options of a student's job, as JSON")
    parser.add_argument("--seed", type=int, default=0, help="of the students")
    parser.add_argument("--rounds", type=int, default=_ROUNDS, help="of each model, when speeds are taken")
    parser.add_argument(
        "--rows", type=int, help="so many training rows at most, evenly chosen (for a set that has no teacher yet)"
    )
    options = parser.parse_args()
    print(_HEAD, flush=True)
    for name in options.sets:
        for line in measured(name, options):
            print(line, flush=True)


def measured(name: str, asked: argparse.Namespace) -> list[str]:
    """The rows of the table for a set."""
    parts = SOURCES[name].read()
    folder = KEPT / name
    folder.mkdir(parents=True, exist_ok=True)
    with job_kit.bench(folder / "home", training_threads=os.cpu_count()) as bench:
        files = _files(bench, folder, thinned(parts.train, asked.rows or len(parts.train)), parts.validation)
        teacher, seconds = _teacher(bench, folder, files)
        models = [("teacher", teacher, seconds)]
        for options in asked.student or [HALF]:
            model, seconds = _job(bench, files, teacher, {"seed": asked.seed, **options})
            models.append((f"student {json.dumps(options)}", model, seconds))
        bundles = [bundle_of(bench, model, folder / "cache") for _, model, _ in models]
        fp32 = bundles[0].manifest.model_copy(update={"served_file": FP32_MODEL})
        speeds = _speeds(
            [Bundle(bundles[0].folder, fp32), *bundles], [row.text for row in parts.test[:_TEXTS]], asked.rounds
        )
        scores = [evaluate_bundle(bundle, parts.test, os.cpu_count() or 1).scores[SETS[name]] for bundle in bundles]
    return [
        f"| {name} | {title} | {bundle.manifest.parity.int8_scheme or 'fp32'} | "
        f"{100 * bundle.manifest.metrics['validation']['scores'][SETS[name]]:.2f} | {100 * score:.2f} | {100 * (scores[0] - score):.2f} | "
        f"{speed:.0f} | {speed / speeds[1]:.2f} | {speed / speeds[0]:.2f} | {seconds:.0f} |"
        for (title, _, seconds), bundle, score, speed in zip(models, bundles, scores, speeds[1:], strict=True)
    ]


def _files(bench: Bench, folder: Path, train: Sequence[Row], validation: Sequence[Row]) -> Mapping[str, str]:
    kept = folder / "files.json"
    if not kept.exists():
        files = {
            "training_file": bench.upload([_record(row) for row in train]),
            "validation_file": bench.upload([_record(row) for row in validation]),
        }
        kept.write_text(json.dumps(files), encoding="utf-8")
    found: dict[str, str] = json.loads(kept.read_text(encoding="utf-8"))
    return found


def _record(row: Row) -> dict[str, object]:
    spans = [{"start": one.start, "end": one.end, "label": one.label} for one in row.entities or ()]
    return {"text": row.text, "intent": row.intent} | ({"entities": spans} if row.entities is not None else {})


def _teacher(bench: Bench, folder: Path, files: Mapping[str, str]) -> tuple[str, float]:
    kept = folder / "teacher.json"
    if not kept.exists():
        kept.write_text(json.dumps(_job(bench, files, MINILM, {})), encoding="utf-8")
    model, seconds = json.loads(kept.read_text(encoding="utf-8"))
    return model, seconds


def _job(bench: Bench, files: Mapping[str, str], model: str, options: Mapping[str, Any]) -> tuple[str, float]:
    began = time.monotonic()
    job_id, _, _ = attempt_at(bench, JobSpec.model_validate({"model": model, **files, **options}))
    job = bench.job(job_id)
    for line in bench.told(job_id):
        print(f"  {line}", flush=True)
    if job.fine_tuned_model is None:
        raise SystemExit(f"{job_id} {job.status}: {job.error}")
    return job.fine_tuned_model, time.monotonic() - began


def _speeds(bundles: Sequence[Bundle], texts: Sequence[str], rounds: int) -> list[float]:
    """Texts a second of each, on one thread: every model once, then all over again, so that whatever else runs falls on all."""
    best = [0.0] * len(bundles)
    readers = [TextReader.from_bundle(bundle, threads=1) for bundle in bundles]
    for _ in range(rounds):
        for place, reader in enumerate(readers):
            began = time.perf_counter()
            reader.read(texts)
            best[place] = max(best[place], len(texts) / (time.perf_counter() - began))
    for reader in readers:
        reader.close()
    return best


if __name__ == "__main__":
    main()
