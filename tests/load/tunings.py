"""``python -m tests.load.tunings [TUNING ...]``: every way to tune, on BANKING77, with the defaults of a job, one process each.

Prints a row a tuning: accuracy on the test rows (of the torch model), weights trained, seconds a step, peak memory.
"""

from __future__ import annotations

import argparse
import dataclasses
import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

from pydantic import TypeAdapter

from services.training.fitting.checkpoint import CheckpointFolder
from services.training.fitting.loop import fit
from services.training.models.encoder import encoder_width
from services.training.models.text_encoder import TextEncoder
from services.training.pipeline import plan
from services.training.tasks.nlu.examples import examples_of
from services.training.tasks.nlu.labels import LabelSpace
from services.training.tasks.nlu.model import JointModel
from services.training.tasks.nlu.prediction import predict, scores
from shared.contracts.training.tunings import Tuning, TuningType
from tests.load.quality_data import SOURCES
from tests.load.quality_run import SPEC, Progress

_SET = "banking77"
_HEAD = "| tuning | accuracy | epochs | weights trained | of all | s a step | peak MB |\n|---|---|---|---|---|---|---|"


def main() -> None:
    """Measure each in a process of its own, so that its peak memory is its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tunings", nargs="*", default=list(get_args(TuningType)), help="names, or specs as JSON")
    parser.add_argument("--here", action="store_true", help="measure in this process")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.here:
        print(_measured(options.tunings[0], options.seed), flush=True)
        return
    print(_HEAD, flush=True)
    for name in options.tunings:
        command = [sys.executable, "-m", "tests.load.tunings", "--here", "--seed", str(options.seed), name]
        found = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        print(found.splitlines()[-1], flush=True)


def _measured(name: str, seed: int) -> str:
    """A row of the table."""
    adapter: TypeAdapter[Tuning] = TypeAdapter(Tuning)
    tuning = adapter.validate_json(name) if name.startswith("{") else adapter.validate_python({"type": name})
    source = SOURCES[_SET]
    parts, base = source.read(), source.base()
    labels = LabelSpace.of(parts.train)
    encoder = TextEncoder.load(base, SPEC.schedule.max_length)
    spec = SPEC.model_copy(update={"tuning": tuning})
    how, recipe = plan(spec, labels, len(parts.train), width=encoder_width(base))
    recipe = dataclasses.replace(recipe, seed=seed)
    model = JointModel.load(base, labels, recipe.dropout)
    train, valid, test = (examples_of(encoder, rows, labels) for rows in (parts.train, parts.validation, parts.test))
    with TemporaryDirectory(prefix="parley-tunings-") as folder:
        fitted = fit(model, train, valid, recipe, how, checkpoints=CheckpointFolder(Path(folder)), callback=Progress())
    found = scores(predict(model, test), test, labels)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    share = fitted.trained_weights / fitted.weights
    return (
        f"| {name} | {100 * found['intent_accuracy']:.1f} | {recipe.epochs} | {fitted.trained_weights:,} | {share:.1%} | "
        f"{fitted.seconds_a_step:.2f} | {peak:,} |"
    )


if __name__ == "__main__":
    main()
