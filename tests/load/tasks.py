"""``python -m tests.load.tasks [SET ...]``: a job of each task on public rows, with its defaults; writes docs/tasks-quality.md.

``python -m tests.load.tasks SET --seed N --options '{"objectives": …}'`` measures one job with other options, and writes nothing.

Each seed is a job as the platform runs it, in a process of its own, from its file to its bundle; what is scored are the answers of the
bundle, as served, on the set's own test rows.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.training.fitting.prediction import predicted
from services.training.models.base_models import Base, base_path
from services.training.models.text_encoder import TextEncoder
from services.training.tasks.embedding.examples import Example, collate
from services.training.tasks.embedding.model import EmbeddingModel
from services.training.tasks.embedding.scores import found_with
from services.training.tasks.table import TASKS
from shared.artifacts.bundle import Bundle
from shared.artifacts.layout import MINILM
from shared.contracts.training.jobs import JobSpec
from shared.contracts.training.tasks import TaskName
from shared.rows.reader import read_rows
from shared.tasks.embedding.reader import OUTPUT
from shared.tasks.readers import open_predictor
from shared.tasks.records import RECORDS, kind_for
from tests.load.task_baselines import linear
from tests.load.task_sets import SETS, Record, records
from tests.unit.training import job_kit
from tests.unit.training.attempts import attempt_at, bundle_of

_HEAD = """# Quality by task

Made by `python -m tests.load.tasks`: a job of each task with its defaults on MiniLM, from its file to its bundle; the scores are of the
bundle's answers, as served, on the set's own test rows, the mean of the seeds. *Words* is a linear model over counted words and letters (for
question answering: the sentence that shares most words with the question), *before* what the job itself has to beat: the commonest label,
the names of the training rows found again, the base model as it is. Bank FAQ, embedding: each question among the answers of all rows.

| set | rows (training / validation / test) | score | words | before | served | seeds | s a job | graph | rows/s |
|---|---|---|---|---|---|---|---|---|---|"""

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "build" / "tasks"
REPORT = ROOT / "docs" / "tasks-quality.md"

#: Jobs of one set, if a job takes less than so many seconds; else one.
SEEDS = 3
SHORT_SECONDS = 600


@dataclass(frozen=True)
class Measured:
    """One job; scores are 0..1."""

    rows: tuple[int, int, int]
    seconds: float
    before: dict[str, float]
    served: dict[str, float]
    linear: dict[str, float]
    scheme: str | None
    texts_per_second: float
    validation: dict[str, float] = field(default_factory=dict)


def main() -> None:
    """Measure sets, then write the report of all that were ever measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=list(SETS))
    parser.add_argument("--seed", type=int, help="measure one set with this seed in this process")
    parser.add_argument(
        "--options", type=json.loads, help="of that job, in place of the defaults; baselines are left out"
    )
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--report", action="store_true", help="only write the report again")
    parser.add_argument("--note", default="", help="for the report: where and how it was measured")
    options = parser.parse_args()
    if options.seed is not None:
        print(json.dumps(asdict(measure(options.sets[0], options.seed, options.options))), flush=True)
        return
    KEPT.mkdir(parents=True, exist_ok=True)
    for name in () if options.report else options.sets:
        _measure_all(name, options.seeds)
    REPORT.write_text("\n\n".join(filter(None, (report(), options.note.strip()))).strip() + "\n", encoding="utf-8")


def _measure_all(name: str, seeds: int) -> None:
    found: list[dict[str, Any]] = []
    for seed in range(seeds):
        command = [sys.executable, "-m", "tests.load.tasks", name, "--seed", str(seed)]
        printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout
        found.append(json.loads(printed.splitlines()[-1]))
        print(name, seed, found[-1], flush=True)
        (KEPT / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        if found[-1]["seconds"] > SHORT_SECONDS:
            return


def measure(name: str, seed: int, options: Mapping[str, Any] | None = None) -> Measured:
    """A job on a set, and what its bundle says of the test rows; with ``options`` of its own it is measured without the baselines."""
    chosen, sides = SETS[name], records(name)
    if not sides["validation"]:
        sides["validation"] = sides["train"][::10]
        sides["train"] = [row for place, row in enumerate(sides["train"]) if place % 10]
    with TemporaryDirectory() as folder, job_kit.bench(Path(folder) / "home", training_threads=os.cpu_count()) as bench:
        spec = JobSpec.model_validate(
            {
                "task": chosen.task,
                "model": MINILM,
                "training_file": bench.upload(sides["train"]),
                "validation_file": bench.upload(sides["validation"]),
                "seed": seed,
                **chosen.options,
                **(options or {}),
            }
        )
        began = time.monotonic()
        job_id, _, _ = attempt_at(bench, spec)
        seconds = time.monotonic() - began
        job = bench.job(job_id)
        if job.status != "succeeded":
            raise SystemExit(f"{name}: {bench.told(job_id)[-1]}")
        bundle = bundle_of(bench, job.fine_tuned_model or "", Path(folder) / "cache")
        train, test = (parsed(chosen.task, sides[side]) for side in ("train", "test"))
        score = _scored if options is None else _served
        served, before, words, speed = score(chosen.task, bundle, train, test)
        return Measured(
            rows=(len(train), len(sides["validation"]), len(test)),
            seconds=seconds,
            before=before,
            served=served,
            linear=words,
            scheme=bundle.manifest.parity.int8_scheme,
            texts_per_second=speed,
            validation=bundle.manifest.metrics["validation"]["scores"],
        )


_Scores = tuple[dict[str, float], dict[str, float], dict[str, float], float]


def _served(task: TaskName, bundle: Bundle, _train: Sequence[Any], test: Sequence[Any]) -> _Scores:
    began = time.monotonic()
    served = TASKS[task].evaluate_bundle(bundle, test, os.cpu_count() or 1).scores
    return served, {}, {}, len(test) / (time.monotonic() - began)


def _scored(task: TaskName, bundle: Bundle, train: Sequence[Any], test: Sequence[Any]) -> _Scores:
    """What is served, the task's own baseline, a linear model's, and rows a second."""
    threads = os.cpu_count() or 1
    base = Base(MINILM, base_path(MINILM), None)
    before = TASKS[task].baseline(base, train, test).scores
    words = linear(task, train, test)
    served, _, _, speed = _served(task, bundle, train, test)
    if task == "embedding":
        others = [row.positive for row in train]
        served, before = _among_all(bundle, base, test, others, threads)
    return served, before, words, speed


def _among_all(
    bundle: Bundle, base: Base, test: Sequence[Any], others: Sequence[str], threads: int
) -> tuple[dict[str, float], dict[str, float]]:
    """Where the queries find their texts among those of all rows, with the model and with what it began as."""
    with closing(open_predictor(bundle, threads=threads)) as predictor:

        def embed(texts: Sequence[str]) -> NDArray[np.float32]:
            rows = [RECORDS["embedding"].parse_input({"text": text}) for text in texts]
            return np.array([one.answer["embedding"] for one in predictor.predict(rows)], np.float32)

        served = found_with(embed, test, others).scores
    encoder, model = (
        TextEncoder.load(base.folder, bundle.manifest.max_length),
        EmbeddingModel.load(base.folder, None, 0.0),
    )

    def before(texts: Sequence[str]) -> NDArray[np.float32]:
        examples = [Example(tuple(encoded.ids)) for encoded in encoder.tokens.encode(texts)]
        return np.stack(predicted(model, examples, collate)[OUTPUT])

    return served, found_with(before, test, others).scores


def parsed(task: TaskName, rows: Sequence[Record]) -> list[Any]:
    """Records as rows of a task."""
    content = "\n".join(json.dumps(row) for row in rows).encode()
    return read_rows(io.BytesIO(content), "jsonl", kind_for(task)).rows


def report() -> str:
    """The page, from what was measured."""
    lines = [_HEAD]
    for name, chosen in SETS.items():
        path = KEPT / f"{name}.json"
        if not path.exists():
            continue
        found = [
            Measured(**{**one, "rows": tuple(one["rows"])}) for one in json.loads(path.read_text(encoding="utf-8"))
        ]
        for place, score in enumerate(chosen.shown):
            shown = [_mean([one.linear for one in found], score), _mean([one.before for one in found], score)]
            shown.append(_mean([one.served for one in found], score))
            first = found[0]
            about = [chosen.title, " / ".join(f"{count:,}" for count in first.rows)] if place == 0 else ["", ""]
            rest = (
                [
                    str(len(found)),
                    f"{mean(one.seconds for one in found):.0f}",
                    first.scheme or "fp32",
                    f"{first.texts_per_second:.0f}",
                ]
                if place == 0
                else [""] * 4
            )
            lines.append("| " + " | ".join([*about, score.replace("_", " "), *shown, *rest]) + " |")
    return "\n".join(lines) + "\n"


def _mean(found: Sequence[Mapping[str, float]], score: str) -> str:
    known = [one[score] for one in found if score in one]
    return f"{100 * mean(known):.1f}" if known else ""


if __name__ == "__main__":
    main()
