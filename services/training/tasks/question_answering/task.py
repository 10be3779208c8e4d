"""Question answering as a task."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from services.training.exporting.reader_variants import ReaderVariants, Serving
from services.training.fitting.batching import Batch, Counted
from services.training.fitting.prediction import predicted
from services.training.fitting.recipe import Recipe
from services.training.models.base_models import Base
from services.training.models.task_model import Outputs
from services.training.reporting.figures import Evaluation
from services.training.tasks.question_answering.examples import Answerability, Example, collate, examples_of
from services.training.tasks.question_answering.model import AnsweringModel
from services.training.tasks.question_answering.scores import (
    QUALITY,
    calibrate,
    evaluate,
    judged,
    nearest_sentence,
    quick_scores,
)
from services.training.tasks.task import Setting, Task
from shared.tasks.question_answering.reader import OUTPUT, AnsweringReader
from shared.tasks.question_answering.record import Row

SERVING = Serving(AnsweringReader, evaluate)

_TOKEN_OUTPUTS = frozenset((OUTPUT,))


def span_loss(outputs: Outputs, piece: Batch, whole: Counted, recipe: Recipe) -> Tensor:
    """Cross-entropy of begin and of end over the places of each window; the mean of both and of the whole batch."""
    del recipe
    logits = (
        outputs[OUTPUT].float().masked_fill(~piece.targets["allowed"].unsqueeze(-1), torch.finfo(torch.float32).min)
    )
    span = piece.targets["span"]
    total = cross_entropy(logits[..., 0], span[:, 0], reduction="sum") + cross_entropy(
        logits[..., 1], span[:, 1], reduction="sum"
    )
    return total / 2 / whole.labelled


def scores(model: AnsweringModel, examples: Sequence[Example]) -> dict[str, float]:
    """Quick scores of a model."""
    return quick_scores(predicted(model, examples, collate, _TOKEN_OUTPUTS), examples)


def variants(setting: Setting, answerability: Answerability) -> ReaderVariants[Row, Example]:
    """Tries out the graphs of a model."""

    def as_ids(rows: Sequence[Row]) -> list[Example]:
        return examples_of(setting.encoder, rows, answerability)

    return ReaderVariants(setting, SERVING, as_ids, collate, calibrate, _TOKEN_OUTPUTS)


def baseline(_base: Base, _train: Sequence[Row], test: Sequence[Row]) -> Evaluation:
    """What the sentence that shares most words with the question would score."""
    return judged(test, [nearest_sentence(row) for row in test])


TASK: Task[Row, Answerability, Example, AnsweringModel] = Task(
    schema=Answerability.of,
    examples=examples_of,
    model=AnsweringModel.load,
    collate=collate,
    counts=Counted.of,
    loss=span_loss,
    scores=scores,
    variants=variants,
    evaluate_bundle=SERVING.evaluate_bundle,
    baseline=baseline,
    labels=Answerability.to_manifest,
    quality=QUALITY,
    shown=("exact_match", "f1", "answerable_accuracy"),
    token_outputs=_TOKEN_OUTPUTS,
)
