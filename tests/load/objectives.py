"""``python -m tests.load.objectives OBJECTIVES [--set SET] [--rows N] [--steps N] [--seed N]``: a job on skewed rows, with some objectives.

OBJECTIVES is their list as JSON. Of each label, the commonest first, two thirds as many training rows are kept as of the one before, and four
at least; the test rows stay as the set has them. Prints the served scores.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from services.training.tasks.table import TASKS
from shared.artifacts.layout import MINILM
from shared.contracts.training.jobs import JobSpec
from tests.load.task_sets import SETS, Record, records
from tests.load.tasks import parsed
from tests.unit.training import job_kit
from tests.unit.training.attempts import attempt_at, bundle_of

#: Rows of a label at least.
_LEAST = 4


def main() -> None:
    """Measure one job."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("objectives", type=json.loads)
    parser.add_argument("--set", default="banking77")
    parser.add_argument("--labels", type=int, default=8)
    parser.add_argument("--rows", type=int, default=120, help="of the commonest label")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(json.dumps(measure(options)), flush=True)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """What is served after a job with the objectives."""
    chosen, sides = SETS[options.set], records(options.set)
    train = skewed(sides["train"], options.labels, options.rows)
    known = {row["label"] for row in train}
    test = [row for row in sides["test"] if row["label"] in known]
    with TemporaryDirectory() as folder, job_kit.bench(Path(folder) / "home", training_threads=os.cpu_count()) as bench:
        asked = {
            "task": chosen.task,
            "model": MINILM,
            "training_file": bench.upload(train),
            "seed": options.seed,
            "objectives": options.objectives,
            "schedule": {"max_length": 64, "max_steps": options.steps},
        }
        job_id, _, _ = attempt_at(bench, JobSpec.model_validate(asked))
        model = bench.job(job_id).fine_tuned_model
        if model is None:
            raise SystemExit(bench.told(job_id)[-1])
        bundle = bundle_of(bench, model, Path(folder) / "cache")
        scores = TASKS[chosen.task].evaluate_bundle(bundle, parsed(chosen.task, test), os.cpu_count() or 1).scores
        told = bench.told(job_id)
    return {"rows": len(train), "test": len(test), "scores": scores, "told": told[:8]}


def skewed(rows: Sequence[Record], labels: int, most: int) -> list[Record]:
    """Rows of some labels, of each two thirds as many as of the one before."""
    names = [label for label, _ in Counter(row["label"] for row in rows).most_common(labels)]
    wanted = {label: max(_LEAST, round(most * (2 / 3) ** place)) for place, label in enumerate(names)}
    taken: Counter[str] = Counter()
    found = []
    for row in rows:
        if taken[row["label"]] < wanted.get(row["label"], 0):
            taken[row["label"]] += 1
            found.append(row)
    return found


if __name__ == "__main__":
    main()
