"""``python -m tests.load.gpu``: how much of a GPU training uses: model FLOPs a second beside what its matrix units can do (bf16).

Steps of the trainer's own loop on rows of one length, MiniLM's shape and BERT-base's, with fresh weights. Counted are the multiplications
of the model itself: 6 for each weight of a matrix and token, and 12 times width times length for each layer's attention and token
(Chowdhery et al. 2022, arXiv:2204.02311, appendix B). Nothing is counted for words, which are looked up.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from services.training.fitting.batching import batches
from services.training.fitting.loop import parameter_groups
from services.training.fitting.recipe import Recipe
from services.training.fitting.stepper import Stepper
from services.training.models.scratch import build_base
from services.training.models.scratch_decoder import build_decoder
from services.training.models.task_model import TaskModel
from services.training.tasks.table import TASKS
from services.training.tasks.text_classification.examples import Example
from services.training.tunings.table import tuning_of
from services.training.writing.token_sequences import TokenSequence
from shared.contracts.training.jobs import SCRATCH, Architecture, JobSpec
from shared.contracts.training.tunings import Full
from shared.tasks.text_classification.record import Row
from tests.load.quality_run import Progress

SHAPES = {"MiniLM": (6, 384, 12), "BERT-base": (12, 768, 12)}
DECODER = Architecture(layers=8, width=384, heads=6, vocabulary=12_000)
"""Of ``make domain-model``."""


def main() -> None:
    """Print a line for each shape, length and batch size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--peak", type=float, default=989.0, help="TFLOP/s of the device (default: H100 and H200, dense bf16)"
    )
    parser.add_argument("--sizes", nargs="+", default=["32x32", "128x128", "512x128"], help="rows x tokens of a batch")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--decoder", nargs="*", default=["64x512", "128x512"], help="the same of the domain model")
    options = parser.parse_args()
    print("| shape | rows x tokens | ms a step | tokens/s | TFLOP/s | of the peak |\n|---|---|---|---|---|---|")
    for prepared, sizes in ((encoder, options.sizes), (decoder, options.decoder)):
        for name in SHAPES if prepared is encoder else ("domain model",):
            for size in sizes:
                rows, length = (int(number) for number in size.split("x"))
                print(measured(name, prepared(name, rows, length), options.steps, options.peak), flush=True)


@dataclass(frozen=True)
class Prepared:
    """A model on random tokens, and how many model FLOPs a token of them takes."""

    task: Any
    model: TaskModel
    examples: Sequence[Any]
    flops: int


def encoder(name: str, rows: int, length: int) -> Prepared:
    """An encoder that tells classes."""
    layers, width, heads = SHAPES[name]
    task = TASKS["text_classification"]
    with TemporaryDirectory() as folder:
        shape = Architecture(layers=layers, width=width, heads=heads, vocabulary=200)
        base = build_base(shape, ["a few words"], Path(folder) / "base", max_length=length, seed=0)
        schema = task.schema([Row(text=label, label=label) for label in ("a", "b")])
        model = task.model(base.folder, schema, 0.1)
    examples = [
        Example(tuple(ids), number % 2, np.eye(2, dtype=np.float32)[number % 2])
        for number, ids in enumerate(_words(rows, length))
    ]
    return Prepared(task, model, examples, model_flops(layers * 12 * width * width, layers, width, length))


def decoder(_name: str, rows: int, length: int) -> Prepared:
    """A decoder that tells every word: the table of its words is a matrix too."""
    task = TASKS["causal_lm"]
    chance = np.random.default_rng(0)
    texts = [" ".join(f"{number:x}" for number in chance.integers(0, 1 << 20, 40)) for _ in range(4_000)]
    with TemporaryDirectory() as folder:
        spec = JobSpec(task="causal_lm", model=SCRATCH, architecture=DECODER)
        model = task.model(build_decoder(spec, texts, Path(folder) / "base", 0).folder, None, 0.1)
    examples = [TokenSequence(tuple(ids), tuple(range(1, length)), length) for ids in _words(rows, length)]
    weights = sum(weight.numel() for weight in model.parameters())
    return Prepared(task, model, examples, model_flops(weights, DECODER.layers, DECODER.width, length))


def _words(rows: int, length: int) -> list[list[int]]:
    words: list[list[int]] = np.random.default_rng(0).integers(0, 10, (rows, length)).tolist()
    return words


def measured(name: str, prepared: Prepared, steps: int, peak: float) -> str:
    """A row of the table."""
    task, model, examples = prepared.task, prepared.model, prepared.examples
    rows, length = len(examples), len(examples[0])
    model.to(torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    recipe = Recipe(0, rows, 1, None, 1e-5, 1e-4, 3)
    tuning = tuning_of(Full())
    tuning.apply(model, torch.tensor(sorted({word for example in examples for word in example.tokens})), steps)
    optimizer = torch.optim.AdamW(parameter_groups(model, recipe), fused=True)
    stepper = Stepper(model, optimizer, recipe, task, tuning, (), Progress())
    [batch] = batches(examples, rows, task.collate)
    for _ in range(3):
        stepper.step(batch, 1.0)
    began = time.perf_counter()
    for _ in range(steps):
        stepper.step(batch, 1.0)
    seconds = (time.perf_counter() - began) / steps
    tera = prepared.flops * rows * length / seconds / 1e12
    return f"| {name} | {rows} x {length} | {1000 * seconds:.1f} | {rows * length / seconds:,.0f} | {tera:.1f} | {tera / peak:.1%} |"


def model_flops(matrices: int, layers: int, width: int, length: int) -> int:
    """Of a token that is trained on, in a sequence of so many: matrices of so many weights in all, and the attention of each layer."""
    return 6 * matrices + 12 * layers * width * length


if __name__ == "__main__":
    main()
