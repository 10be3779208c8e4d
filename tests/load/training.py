"""``python -m tests.load.training``: how fast we train, beside Hugging Face's Trainer, in one run.

The same model (MiniLM), rows (of BANKING77), epochs, seed and cores for all, one after the other, each in a process of its own, so that its peak memory
is its own: our loop with the defaults of a job, the Trainer with its defaults, and the Trainer in bfloat16 with batches of 32. Rows a second are those
of training alone (our validations are in them, the Trainer makes none); accuracy is that of the torch model on the test rows. ``--rounds`` repeats
all in turns, and the best round of each counts, so that whatever else runs falls on all.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.utils.data import Dataset
from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments

from services.training.data.splitting import Split, thinned
from services.training.fitting.checkpoint import CheckpointFolder
from services.training.fitting.loop import fit
from services.training.models.encoder import encoder_width
from services.training.models.text_encoder import TextEncoder
from services.training.pipeline import plan
from services.training.tasks.nlu.examples import examples_of
from services.training.tasks.nlu.labels import LabelSpace
from services.training.tasks.nlu.model import JointModel
from services.training.tasks.nlu.prediction import predict, scores
from shared.contracts.training.jobs import Hyperparameters
from shared.tasks.nlu.row import Row
from tests.load.quality_data import SOURCES
from tests.load.quality_run import SPEC, Progress

_SET = "banking77"
_HEAD = "| loop | rows/s | times ours | peak MB | accuracy |\n|---|---|---|---|---|"


class Measured(NamedTuple):
    """How a loop did: training rows a second, MB at most, accuracy on the test rows."""

    rows_per_second: float
    peak: int
    accuracy: float


class Encoded(Dataset[dict[str, Any]]):
    """Rows as the Trainer reads them."""

    def __init__(self, rows: Sequence[dict[str, Any]]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, place: int) -> dict[str, Any]:
        return self._rows[place]


class Asked(NamedTuple):
    """What all loops train."""

    parts: Split[Row]
    base: Path
    epochs: int
    seed: int


def main() -> None:
    """Print a row a loop."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000, help="training rows, evenly chosen")
    parser.add_argument("--judged", type=int, default=1_000, help="rows to validate and to test on, evenly chosen")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--here", choices=list(LOOPS), help="measure one in this process")
    options = parser.parse_args()
    if options.here:
        torch.set_num_threads(os.cpu_count() or 1)
        found = LOOPS[options.here](
            Asked(_parts(options.rows, options.judged), SOURCES[_SET].base(), options.epochs, options.seed)
        )
        print(json.dumps(found), flush=True)
        return
    rounds = [{name: _apart(name, sys.argv[1:]) for name in LOOPS} for _ in range(options.rounds)]
    best = {name: max((one[name] for one in rounds), key=lambda found: found.rows_per_second) for name in LOOPS}
    ours = best["ours"].rows_per_second
    print(_HEAD)
    for name, found in best.items():
        print(
            f"| {name} | {found.rows_per_second:.0f} | {found.rows_per_second / ours:.2f} | {found.peak:,} | {100 * found.accuracy:.1f} |"
        )


def _parts(rows: int, judged: int) -> Split[Row]:
    """So many training rows; of the others those whose label is among theirs, since few rows do not have all."""
    parts = SOURCES[_SET].read()
    train = tuple(thinned(parts.train, rows))
    known = {row.intent for row in train}
    validation, test = (
        tuple(thinned([row for row in one if row.intent in known], judged)) for one in (parts.validation, parts.test)
    )
    return dataclasses.replace(parts, train=train, validation=validation, test=test)


def _apart(name: str, options: Sequence[str]) -> Measured:
    command = [sys.executable, "-m", "tests.load.training", *options, "--here", name]
    environment = os.environ | {"GOMP_SPINCOUNT": "0"}  # as our workers have it; it harms neither on a quiet machine
    found = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout
    return Measured(*json.loads(found.splitlines()[-1]))


def ours(asked: Asked) -> Measured:
    """Our loop with the defaults of a job."""
    parts = asked.parts
    labels = LabelSpace.of(parts.train)
    encoder = TextEncoder.load(asked.base, SPEC.schedule.max_length)
    spec = SPEC.model_copy(update={"hyperparameters": Hyperparameters(n_epochs=asked.epochs)})
    how, recipe = plan(spec, labels, len(parts.train), width=encoder_width(asked.base))
    recipe = dataclasses.replace(recipe, seed=asked.seed, patience=asked.epochs + 1)
    model = JointModel.load(asked.base, labels, recipe.dropout)
    train, valid, test = (examples_of(encoder, rows, labels) for rows in (parts.train, parts.validation, parts.test))
    with TemporaryDirectory(prefix="parley-training-") as folder:
        fitted = fit(model, train, valid, recipe, how, checkpoints=CheckpointFolder(Path(folder)), callback=Progress())
    peak = _peak()
    found = scores(predict(model, test), test, labels)
    return Measured(len(train) * asked.epochs / fitted.seconds, peak, found["intent_accuracy"])


def trainer(asked: Asked, options: Mapping[str, Any]) -> Measured:
    """Hugging Face's Trainer with these arguments, and otherwise its defaults."""
    labels = sorted({row.intent for row in asked.parts.train if row.intent})
    tokenizer = AutoTokenizer.from_pretrained(asked.base, local_files_only=True)
    model = AutoModelForSequenceClassification.from_pretrained(
        asked.base, num_labels=len(labels), local_files_only=True
    )

    def encoded(rows: Sequence[Row]) -> Encoded:
        ids = tokenizer([row.text for row in rows], truncation=True, max_length=SPEC.schedule.max_length)["input_ids"]
        known = {label: place for place, label in enumerate(labels)}
        return Encoded(
            [
                {"input_ids": one, "attention_mask": [1] * len(one), "labels": known[row.intent or ""]}
                for one, row in zip(ids, rows, strict=True)
            ]
        )

    with TemporaryDirectory(prefix="parley-trainer-") as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            num_train_epochs=asked.epochs,
            seed=asked.seed,
            use_cpu=not torch.cuda.is_available(),
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            **options,
        )
        run = Trainer(model=model, args=arguments, train_dataset=encoded(asked.parts.train), processing_class=tokenizer)
        began = time.monotonic()
        run.train()
        seconds, peak = time.monotonic() - began, _peak()
        told = run.predict(encoded(asked.parts.test))
    accuracy = float((np.asarray(told.predictions).argmax(-1) == told.label_ids).mean())
    return Measured(len(asked.parts.train) * asked.epochs / seconds, peak, accuracy)


def _peak() -> int:
    """MB that this process held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


LOOPS: Mapping[str, Callable[[Asked], Measured]] = {
    "ours": ours,
    "HF Trainer, defaults": lambda asked: trainer(asked, {"bf16": False}),
    "HF Trainer, bf16, batches of 32": lambda asked: trainer(asked, {"bf16": True, "per_device_train_batch_size": 32}),
}

if __name__ == "__main__":
    main()
