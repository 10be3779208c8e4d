"""``python -m tests.load.entity_sentiment``: what a headline says of each whom it names (SEntFiN), read in three ways.

- *pair*: a job of ``pair_classification`` on (headline, entity), with its defaults: what a stream uses once such a model is served.
- *whole*: a job of ``text_classification`` on headlines, asked about the headline, whoever is meant. It learns from the headlines of which every entity has one label.
- *window*: the same model, asked about what the stream's reader takes for the words about the entity, as it does until a pair model is served.

All are judged on every (headline, entity) of the test rows, and on those of headlines that speak of two entities differently.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from services.monitoring.reading.watch_list import Mention
from services.monitoring.reading.windows import about
from shared.contracts.training.jobs import JobSpec
from shared.contracts.training.tasks import TaskName
from shared.tasks.readers import open_predictor
from shared.tasks.records import RECORDS
from tests.load.task_sets import Record, records
from tests.unit.training import job_kit
from tests.unit.training.attempts import attempt_at, bundle_of

Labels = list[str]


def main() -> None:
    """Train both models, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", type=int, help="of the training rows, only so many")
    options = parser.parse_args()
    sides = records("sentfin")
    train, validation, test = (sides[side] for side in ("train", "validation", "test"))
    train = train[: options.rows]
    (pair,) = trained("pair_classification", train, validation, [test], options.seed)
    asked = [{"text": row["text"]} for row in test]
    words = [{"text": said_of(row, test)} for row in test]
    whole, window = trained(
        "text_classification", one_voice(train), one_voice(validation), [asked, words], options.seed
    )
    opposing = [place for place, row in enumerate(test) if len(voices(row["text"], test)) > 1]
    print(f"| read as | all {len(test)} | the {len(opposing)} of headlines with opposing entities |\n|---|---|---|")
    for name, answers in (("whole headline", whole), ("words about the entity", window), ("headline and entity", pair)):
        hits = [answer == row["label"] for answer, row in zip(answers, test, strict=True)]
        apart = [hits[place] for place in opposing]
        print(f"| {name} | {100 * sum(hits) / len(hits):.1f} | {100 * sum(apart) / len(apart):.1f} |", flush=True)


def voices(text: str, rows: Iterable[Record]) -> set[str]:
    """The labels of whom a headline names."""
    return {row["label"] for row in rows if row["text"] == text}


def one_voice(rows: Sequence[Record]) -> list[Record]:
    """The headlines that say one thing of all whom they name, each once."""
    labels: dict[str, set[str]] = {}
    for row in rows:
        labels.setdefault(row["text"], set()).add(row["label"])
    return [{"text": text, "label": next(iter(found))} for text, found in labels.items() if len(found) == 1]


def said_of(row: Record, rows: Sequence[Record]) -> str:
    """The words of a headline that are about an entity, as the reader of streams cuts them."""
    text, entity = row["text"], row["text_pair"]
    named = {other["text_pair"] for other in rows if other["text"] == text}
    mentions = [Mention(name, text.index(name), text.index(name) + len(name)) for name in sorted(named) if name in text]
    pieces = about(text, entity, sorted(mentions, key=lambda mention: mention.start))
    return " ".join(text[piece.start : piece.end] for piece in pieces) or text


def trained(
    task: TaskName, train: Sequence[Record], validation: Sequence[Record], asked: Sequence[Sequence[Record]], seed: int
) -> list[Labels]:
    """What the model of a job, with its defaults, answers to each set of rows."""
    with TemporaryDirectory() as folder, job_kit.bench(Path(folder) / "home", training_threads=os.cpu_count()) as bench:
        files = {"training_file": bench.upload(train), "validation_file": bench.upload(validation)}
        spec = JobSpec.model_validate({"task": task, "model": "minilm", "seed": seed, **files})
        job_id, _, _ = attempt_at(bench, spec)
        job = bench.job(job_id)
        if job.status != "succeeded":
            raise SystemExit(f"{task}: {bench.told(job_id)[-1]}")
        bundle = bundle_of(bench, job.fine_tuned_model or "", Path(folder) / "cache")
        with closing(open_predictor(bundle, threads=os.cpu_count() or 1)) as predictor:
            return [
                [str(one.answer["label"]) for one in predictor.predict([_input(task, row) for row in rows])]
                for rows in asked
            ]


def _input(task: TaskName, row: Record) -> Any:
    return RECORDS[task].parse_input({name: value for name, value in row.items() if name != "label"})


if __name__ == "__main__":
    main()
