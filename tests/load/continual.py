"""``python -m tests.load.continual [--seed N]``: half of BANKING77's labels, then the other half: what is forgotten, and what helps.

A job learns the first labels, then one goes on from its model with the rows of the others alone: with nothing, with replay, with EWC, with
both. Prints the served accuracy on the test rows of the old and of the new labels.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from services.training.tasks.table import TASKS
from shared.artifacts.layout import MINILM
from shared.contracts.training.jobs import JobSpec
from tests.load.task_sets import Record, records
from tests.load.tasks import parsed
from tests.unit.training import job_kit
from tests.unit.training.attempts import attempt_at, bundle_of

METHODS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "nothing": [],
    "replay": [{"type": "replay"}],
    "ewc": [{"type": "ewc"}],
    "replay and ewc": [{"type": "replay"}, {"type": "ewc"}],
}
_HEAD = "| method | old labels | new labels | all |\n|---|---|---|---|"


def main() -> None:
    """Measure every method in one process, on the same first model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", type=int, help="training rows of each half at most")
    parser.add_argument("--methods", type=json.loads, default=METHODS, help="{name: [objective, ...]}")
    options = parser.parse_args()
    print(_HEAD, flush=True)
    for line in measured(options.seed, options.rows, options.methods):
        print(line, flush=True)


def measured(seed: int, most: int | None, methods: Mapping[str, Any]) -> Iterator[str]:
    """A row of the table for the first model, and for each way to go on from it."""
    sides = records("banking77")
    names = sorted({row["label"] for row in sides["train"]})
    old, new = names[::2], names[1::2]
    with TemporaryDirectory() as folder, job_kit.bench(Path(folder) / "home", training_threads=os.cpu_count()) as bench:

        def job(model: str, labels: Sequence[str], objectives: Any) -> str:
            asked = {
                "task": "text_classification",
                "model": model,
                "training_file": bench.upload(_of(sides["train"], labels)[:most]),
                "validation_file": bench.upload(_of(sides["validation"], labels)[:most]),
                "objectives": objectives,
                "promotion": {"mode": "manual"},
                "seed": seed,
            }
            job_id, _, _ = attempt_at(bench, JobSpec.model_validate(asked))
            if (found := bench.job(job_id).fine_tuned_model) is None:
                raise SystemExit(bench.told(job_id)[-1])
            return found

        def judged(name: str, model: str) -> str:
            bundle = bundle_of(bench, model, Path(folder) / "cache" / model.rsplit(":", 1)[-1])
            shown = []
            for labels in (old, new, names):
                rows = parsed("text_classification", _of(sides["test"], labels))
                shown.append(
                    TASKS["text_classification"].evaluate_bundle(bundle, rows, os.cpu_count() or 1).scores["accuracy"]
                )
            return f"| {name} | " + " | ".join(f"{100 * score:.1f}" for score in shown) + " |"

        first = job(MINILM, old, "auto")
        yield judged("old labels alone", first)
        for name, objectives in methods.items():
            yield judged(name, job(first, new, objectives))
        yield judged("all rows at once", job(MINILM, names, "auto"))


def _of(rows: Sequence[Record], labels: Sequence[str]) -> list[Record]:
    wanted = set(labels)
    return [row for row in rows if row["label"] in wanted]


if __name__ == "__main__":
    main()
