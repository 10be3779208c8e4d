"""What a task says of itself: the one place where a job meets what is special about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from torch import Tensor

from services.training.data.splitting import Split
from services.training.exporting.probing import every_shape, shortest_and_longest
from services.training.exporting.selection import Variants
from services.training.fitting.batching import Batch, Collate, ExampleT
from services.training.fitting.prediction import Found
from services.training.fitting.recipe import Demands, Recipe
from services.training.models.base_models import Base
from services.training.models.task_model import Outputs, TaskModel
from services.training.models.text_encoder import TextEncoder
from services.training.reporting.figures import Evaluation
from shared.artifacts.bundle import Bundle
from shared.artifacts.manifest import DecoderShape, EncoderDecoderShape, Labels, Manifest
from shared.contracts.training.jobs import JobSpec
from shared.contracts.training.objectives import Objective
from shared.rows.spans import Entity

RowT = TypeVar("RowT")
SchemaT = TypeVar("SchemaT")
ModelT = TypeVar("ModelT", bound=TaskModel)


Spans = tuple[Entity, ...]
"""Spans of a text."""
Change = Callable[[RowT, Callable[[str, Spans], tuple[str, Spans]]], RowT]
"""A row with each text that it is labelled for, and the spans in it, as a function makes them."""


class Warned(NamedTuple):
    """What the owner of a job should know before it trains."""

    message: str
    figures: dict[str, int]


class Setting(NamedTuple):
    """Where the graphs of a model are tried out.

    Attributes:
        folder: Holds the graphs and ``tokenizer.json``; becomes the bundle.
        draft: The manifest as far as it is known.
        encoder: The tokenizer of the model.
        parts: The rows of the job.
        threads: How many texts may be read side by side.
    """

    folder: Path
    draft: Manifest
    encoder: TextEncoder
    parts: Split[Any]
    threads: int


class Exported(NamedTuple):
    """A graph that was written.

    Attributes:
        difference: The largest one between its outputs and the model's.
        decoder: What serving has to know of it, if it writes.
    """

    difference: float
    decoder: DecoderShape | EncoderDecoderShape | None = None


def _as_they_are(_model: Any, examples: Sequence[Any]) -> Sequence[Any]:
    return examples


def _all_of_them(examples: Sequence[Any], _chance: np.random.Generator) -> Sequence[Any]:
    return examples


def _nothing(*_: Any) -> Any:
    return ()


def _untouched(
    examples: Sequence[Any], _teachers: Sequence[Any], _read: Callable[[Sequence[Any]], Found]
) -> Sequence[Any]:
    return examples


def _no_demands(_schema: Any) -> Demands:
    return Demands()


def _no_choices(_schema: Any) -> Mapping[str, Sequence[str]]:
    return {}


def _nothing_to_name(_rows: Any) -> Any:
    return None


def _no_labels(_schema: Any) -> Labels:
    return Labels()


def _texts(rows: Sequence[Any]) -> list[str]:
    return [row.text for row in rows]


def _no_embedding(_model: Any) -> int:
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Generic[RowT, SchemaT, ExampleT, ModelT]):
    """A record of functions; each stands in the room of its task.

    Attributes:
        split: Cuts the records of the files into rows that train, choose and judge; ``None``: each record is a row, and chance cuts.
        schema: What there is to learn, from the training rows: labels, in the order of the model's columns.
        examples: Rows as ids.
        model: New heads on the encoder in a directory, with a dropout.
        collate: Puts examples together.
        change_texts: How a row's texts may be changed with their spans; ``None``: what is labelled does not outlast a change.
        as_labels: The fields that label a record as a model's answer says, where it is surer of each than some confidence; ``None`` if it is not.
        prepare: Readies a freshly loaded model and its training examples for each other, before any weight is trained.
        epoch: The examples as an epoch reads them.
        counts: How much of a whole batch is labelled; what the losses of its pieces are divided by.
        loss: Of a piece of a batch, so that the pieces' gradients add up to the batch's.
        choices: By head, as rows name it, the label of each of its columns; of a tag its entity's. Heads that choose nothing are left out.
        distributions: The logits [n, labels] of each head on what it is asked about in a batch: where two passes have to agree.
        scores: Of a model on validation examples, 0..1, for choosing weights.
        finish: What is left to do when the weights are final and the tuning merged.
        demands: What the labels ask of the numbers of a run.
        taught: The training examples with what they take from a teacher besides labels, given its own examples and how it reads some.
        objectives: What helps besides the task's own loss, as measured: of so many rows.
        warnings: What of the rows the model will not see whole.
        sample: Two examples of unlike length, so that tracing takes neither dimension for a constant 1 nor padding for absent.
        probes: Examples of every shape that serving makes, on which graph and model have to agree.
        export: Writes the graph of a merged model into a folder, and proves it on examples; ``None``: one traced graph, as encoders have.
        from_nothing: Makes a base model of texts, where a model of this task can begin with random weights.
        texts: What a tokenizer is trained by, of some rows.
        judged: On how many things, each told or not, the scores of some validation examples rest.
        variants: Tries out the exported graphs.
        evaluate_bundle: Reads rows with a published model, so many side by side; raises ``BrokenArtifact``.
        baseline: The figure to beat on the test rows: what the commonest labels of the training rows would score, or the base model as it is.
        labels: The schema as the manifest has it.
        embedding_size: Width of the model's sentence embedding.
        quality: The overall scores that two models are compared by: higher is better, and no threshold is hidden in them.
        shown: The scores that the story of a job tells.
        token_outputs: The outputs that have a value for each token.
    """

    split: Callable[[Sequence[Any]], Split[Any]] | None = None
    schema: Callable[[Sequence[RowT]], SchemaT] = _nothing_to_name
    examples: Callable[[TextEncoder, Sequence[RowT], SchemaT], list[ExampleT]]
    model: Callable[[Path, SchemaT, float], ModelT]
    collate: Collate[ExampleT]
    change_texts: Change[RowT] | None = None
    as_labels: Callable[[Mapping[str, Any], float], Mapping[str, Any] | None] | None = None
    prepare: Callable[[ModelT, Sequence[ExampleT]], Sequence[ExampleT]] = _as_they_are
    epoch: Callable[[Sequence[ExampleT], np.random.Generator], Sequence[ExampleT]] = _all_of_them
    counts: Callable[[Batch], Any]
    loss: Callable[[Outputs, Batch, Any, Recipe], Tensor]
    choices: Callable[[SchemaT], Mapping[str, Sequence[str]]] = _no_choices
    distributions: Callable[[Outputs, Batch], Iterable[Tensor]] = _nothing
    scores: Callable[[ModelT, Sequence[ExampleT]], dict[str, float]]
    finish: Callable[[ModelT, Sequence[ExampleT]], object] = _nothing
    demands: Callable[[SchemaT], Demands] = _no_demands
    taught: Callable[
        [Sequence[ExampleT], Sequence[ExampleT], Callable[[Sequence[ExampleT]], Found]], Sequence[ExampleT]
    ] = _untouched
    objectives: Callable[[SchemaT, int], Sequence[Objective]] = _nothing
    warnings: Callable[[Sequence[RowT], TextEncoder], Iterable[Warned]] = _nothing
    sample: Callable[[Sequence[ExampleT]], Sequence[ExampleT]] = shortest_and_longest
    probes: Callable[[Sequence[ExampleT]], Iterable[Sequence[ExampleT]]] = every_shape
    export: Callable[[ModelT, Path, Sequence[ExampleT]], Exported] | None = None
    from_nothing: Callable[[JobSpec, Sequence[str], Path, int], Base] | None = None
    texts: Callable[[Sequence[RowT]], list[str]] = _texts
    judged: Callable[[Sequence[ExampleT]], int] = len
    variants: Callable[[Setting, SchemaT], Variants]
    evaluate_bundle: Callable[[Bundle, Sequence[RowT], int], Evaluation]
    baseline: Callable[[Base, Sequence[RowT], Sequence[RowT]], Evaluation]
    labels: Callable[[SchemaT], Labels] = _no_labels
    embedding_size: Callable[[ModelT], int] = _no_embedding
    quality: tuple[str, ...]
    shown: tuple[str, ...]
    token_outputs: Set[str] = frozenset()
