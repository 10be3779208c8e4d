"""What a task says of itself: the one place where a training run meets what is special about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from torch import Tensor

from services.training.fitting.batching import Batch, Collate, ExampleT
from services.training.fitting.recipe import Recipe
from services.training.models.task_model import TaskModel

Outputs = dict[str, Tensor]
"""What a model gives, under the names of its graph."""

ModelT = TypeVar("ModelT", bound=TaskModel)


@dataclass(frozen=True, slots=True)
class Task(Generic[ExampleT, ModelT]):
    """A record of functions; each stands in the room of its task, in the file that has its name.

    Attributes:
        collate: Puts examples together.
        prepare: Readies a freshly loaded model and its training examples for each other, before any weight is trained.
        epoch: The examples as an epoch reads them.
        counts: How much of a whole batch is labelled; what the losses of its pieces are divided by.
        loss: Of a piece of a batch, so that the pieces' gradients add up to the batch's.
        distributions: The logits [n, labels] of each head on what it is asked about in a batch: where two passes have to agree.
        scores: Of a model on validation examples, 0..1, for choosing weights.
        finish: What is left to do when the weights are final and the tuning merged.
        sample: Two examples of unlike length, so that tracing takes neither dimension for a constant 1 nor padding for absent.
        probes: Examples of every shape that serving makes, on which graph and model have to agree.
        token_outputs: The outputs that have a value for each token.
    """

    collate: Collate[ExampleT]
    prepare: Callable[[ModelT, Sequence[ExampleT]], Sequence[ExampleT]]
    epoch: Callable[[Sequence[ExampleT], np.random.Generator], Sequence[ExampleT]]
    counts: Callable[[Batch], Any]
    loss: Callable[[Outputs, Batch, Any, Recipe], Tensor]
    distributions: Callable[[Outputs, Batch], Iterator[Tensor]]
    scores: Callable[[ModelT, Sequence[ExampleT]], dict[str, float]]
    finish: Callable[[ModelT, Sequence[ExampleT]], None]
    sample: Callable[[Sequence[ExampleT]], Sequence[ExampleT]]
    probes: Callable[[Sequence[ExampleT]], Iterable[Sequence[ExampleT]]]
    token_outputs: Set[str] = frozenset()
