"""The outputs of a model, or of its graph, for any number of examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set

import numpy as np
import torch
from numpy.typing import NDArray

from services.training.fitting.batching import Batch, Collate, ExampleT, batches
from services.training.fitting.device import autocast
from services.training.models.task_model import TaskModel

Found = dict[str, list[NDArray[np.float32]]]
"""Of each output, what was found for each example, in order; as long as the example's ids where each token has a value."""

Run = Callable[[Batch], Mapping[str, NDArray[np.float32]]]

_BATCH_SIZE = 64


@torch.no_grad()
def predicted(
    model: TaskModel, examples: Sequence[ExampleT], collate: Collate[ExampleT], token_outputs: Set[str] = frozenset()
) -> Found:
    """Run a model, without dropout, over examples; it is left in the mode it was in."""
    device, was_training = model.device, model.training
    model.eval()

    def run(batch: Batch) -> dict[str, NDArray[np.float32]]:
        with autocast(device):
            outputs = model(**batch.to(device).inputs)
        return {name: tensor.float().cpu().numpy() for name, tensor in outputs.items()}

    found = gathered(run, examples, collate, token_outputs)
    model.train(was_training)
    return found


def gathered(
    run: Run, examples: Sequence[ExampleT], collate: Collate[ExampleT], token_outputs: Set[str] = frozenset()
) -> Found:
    """What ``run`` gives for examples.

    Args:
        run: Reads a batch.
        examples: What is read.
        collate: Puts them together.
        token_outputs: The outputs that have a value for each token.
    """
    found: Found = {}
    for batch in batches(examples, _BATCH_SIZE, collate):
        for name, values in run(batch).items():
            rows = found.setdefault(name, [np.empty(0, np.float32)] * len(examples))
            for position, value in zip(batch.positions.tolist(), values, strict=True):
                rows[position] = value[: len(examples[position])] if name in token_outputs else value
    return found
