"""``python -m tests.load.chinese [SET ...] [--epochs N]``: Chinese from nothing: an encoder pre-trained by a job, then a job of each task on it.

No Chinese weights are at hand where this was written. A `masked_lm` job makes a tokenizer of characters and an encoder from the texts of
the training rows of every Chinese set; then the sets are learned from it, and, to show what that brings, from such an encoder with
fresh weights. Prints served scores beside a linear model over characters.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from services.training.tasks.table import TASKS
from shared.contracts.training.jobs import SCRATCH, JobSpec
from shared.contracts.training.tasks import TaskName
from tests.load.task_sets import Record
from tests.load.tasks import parsed
from tests.unit.training import job_kit
from tests.unit.training.attempts import attempt_at, bundle_of

DATA = Path(os.environ.get("PARLEY_TEST_DATA", "../shared/data"))
SETS: Mapping[str, tuple[str, TaskName, str]] = {
    "smp2017": ("intent/smp2017_ecdt_zh", "text_classification", "accuracy"),
    "chnsenticorp": ("sentiment/chnsenticorp_zh", "text_classification", "accuracy"),
    "cluener": ("ner/cluener_zh", "token_classification", "entity_f1"),
}
ARCHITECTURE = {"layers": 4, "width": 256, "heads": 4, "vocabulary": 8000}


def main() -> None:
    """Pre-train once, then measure each set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=list(SETS))
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--rate", type=float, default=2.0, help="multiplier of the learning rate of the pre-training")
    parser.add_argument("--rows", type=int, help="training rows of each set at most")
    parser.add_argument("--architecture", type=json.loads, default=ARCHITECTURE)
    parser.add_argument("--starts", nargs="+", choices=("fresh", "pretrained"), default=["fresh", "pretrained"])
    parser.add_argument("--encoder", type=Path, help="a folder with the encoder that an earlier run pre-trained")
    parser.add_argument("--tune", type=json.loads, default={}, help="hyperparameters of the jobs on the sets")
    options = parser.parse_args()
    bases = options.encoder.parent if options.encoder else None
    with (
        TemporaryDirectory() as folder,
        job_kit.bench(Path(folder) / "home", training_threads=os.cpu_count(), base_models=bases) as bench,
    ):
        for line in measured(options, bench, Path(folder) / "cache"):
            print(line, flush=True)


def measured(options: argparse.Namespace, bench: job_kit.Bench, cache: Path) -> Iterator[str]:
    """What the pre-training came to, and a row of the table for each set."""

    def job(asked: Mapping[str, Any]) -> str:
        job_id, _, _ = attempt_at(bench, JobSpec.model_validate({"promotion": {"mode": "manual"}, **asked}))
        if (found := bench.job(job_id).fine_tuned_model) is None:
            raise SystemExit(bench.told(job_id)[-1])
        return found

    scratch = {"model": SCRATCH, "architecture": options.architecture}
    starts: dict[str, Mapping[str, Any]] = {"fresh": scratch}
    if options.encoder:
        starts["pretrained"] = {"model": options.encoder.name}
    elif "pretrained" in options.starts:
        texts = bench.upload([{"text": text} for text in every_text(options.rows)])
        numbers = {
            "n_epochs": options.epochs,
            "batch_size": options.batch_size,
            "learning_rate_multiplier": options.rate,
        }
        pretrained = job({**scratch, "task": "masked_lm", "training_file": texts, "hyperparameters": numbers})
        starts["pretrained"] = {"model": pretrained}
        told = bundle_of(bench, pretrained, cache / "masked").manifest.metrics["test"]["scores"]
        yield f"Pre-trained: {json.dumps(told)}"
    yield f"| set | characters, linear | {' | '.join(options.starts)} |\n|---|---{'|---' * len(options.starts)}|"
    for name in options.sets:
        file, task, score = SETS[name]
        sides = {side: rows_of(file, side, task)[: options.rows] for side in ("train", "validation", "test")}
        asked = {
            "task": task,
            "training_file": bench.upload(sides["train"]),
            "validation_file": bench.upload(sides["validation"]),
            "hyperparameters": options.tune,
        }
        shown = [linear(sides) if task == "text_classification" else ""]
        for start in options.starts:
            bundle = bundle_of(bench, job({**asked, **starts[start]}), cache / f"{name}-{start}")
            found = TASKS[task].evaluate_bundle(bundle, parsed(task, sides["test"]), os.cpu_count() or 1).scores
            shown.append(f"{100 * found[score]:.1f}")
        yield f"| {name}, {score.replace('_', ' ')} | " + " | ".join(shown) + " |"


def linear(sides: Mapping[str, list[Record]]) -> str:
    """Accuracy of a linear model over runs of one to three characters."""
    texts, labels = ([row[field] for row in sides["train"]] for field in ("text", "label"))
    model = make_pipeline(
        TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True), LogisticRegression(C=20)
    )
    model.fit(texts, labels)
    return f"{100 * model.score([row['text'] for row in sides['test']], [row['label'] for row in sides['test']]):.1f}"


def rows_of(file: str, side: str, task: TaskName) -> list[Record]:
    """Records of one split, without those that stand in train as well."""
    found = [row for row in _rows(file) if row["split"] == side and not row.get("dup_in_train")]
    fields = ("text", "label") if task == "text_classification" else ("tokens", "tags")
    return [{field: row[field] for field in fields} for row in found]


def every_text(most: int | None) -> Iterator[str]:
    """Each text once of the training rows of every Chinese set."""
    seen: set[str] = set()
    for path in sorted(DATA.glob("*/*_zh*.jsonl.gz")):
        rows = [
            row for row in _rows(f"{path.parent.name}/{path.name.removesuffix('.jsonl.gz')}") if row["split"] == "train"
        ]
        for row in rows[:most]:
            seen.update(_texts(row))
    return iter(sorted(seen))


def _texts(row: Mapping[str, Any]) -> Iterator[str]:
    yield from (row[field] for field in ("text", "question", "context", "answer") if row.get(field))
    yield from (message["content"] for message in row.get("messages", ()))
    if "tokens" in row:
        yield "".join(row["tokens"])


def _rows(file: str) -> Iterator[dict[str, Any]]:
    with gzip.open(DATA / f"{file}.jsonl.gz", "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


if __name__ == "__main__":
    main()
