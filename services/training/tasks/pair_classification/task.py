"""Pair classification as a task."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from services.training.exporting.reader_variants import ReaderVariants, Serving
from services.training.exporting.temperature import temperature
from services.training.fitting.batching import IGNORED, Batch, Counted
from services.training.fitting.pair_examples import PairExample, collate_pairs
from services.training.fitting.prediction import Found, predicted
from services.training.fitting.recipe import Recipe
from services.training.models.base_models import Base
from services.training.models.pooled_head import LOGITS, PooledHead
from services.training.models.task_model import Outputs
from services.training.reporting.figures import Evaluation
from services.training.tasks.pair_classification.examples import Relations, examples_of
from services.training.tasks.pair_classification.scores import QUALITY, evaluate, majority, quick_scores
from services.training.tasks.task import Setting, Spans, Task
from shared.artifacts.manifest import Calibration
from shared.tasks.pair_classification.reader import PairClassifyingReader
from shared.tasks.pair_classification.record import Row

SERVING = Serving(PairClassifyingReader, evaluate)


def change_texts(row: Row, change: Callable[[str, Spans], tuple[str, Spans]]) -> Row:
    """The pair with both texts changed."""
    return replace(row, text=change(row.text, ())[0], text_pair=change(row.text_pair, ())[0])


def as_labels(answer: Mapping[str, Any], confidence: float) -> dict[str, Any] | None:
    """The label; nothing of a score."""
    return {"label": answer["label"]} if answer.get("confidence", 0.0) >= confidence else None


def model(base: Path, relations: Relations, dropout: float) -> PooledHead:
    """A new head on the encoder in a directory."""
    return PooledHead.on(base, relations.columns, dropout)


def pair_loss(outputs: Outputs, piece: Batch, whole: Counted, recipe: Recipe) -> Tensor:
    """Cross-entropy with labels, or with scores as probabilities; the mean over the batch that a piece was cut from."""
    logits, column = outputs[LOGITS].float(), piece.targets["column"]
    if logits.shape[1] == 1:
        return binary_cross_entropy_with_logits(logits[:, 0], piece.targets["score"], reduction="sum") / whole.labelled
    return recipe.choices.one_of("label", logits, column, recipe.label_smoothing) / whole.labelled


def distributions(outputs: Outputs, piece: Batch) -> Iterator[Tensor]:
    """The logits [n, labels] of the rows that are labelled."""
    yield outputs[LOGITS][piece.targets["column"] != IGNORED]


def scores(trained: PooledHead, examples: Sequence[PairExample]) -> dict[str, float]:
    """Quick scores of a model."""
    return quick_scores(predicted(trained, examples, collate_pairs), examples)


def calibrate(outputs: Found, examples: Sequence[PairExample]) -> Calibration:
    """The temperature of the labels."""
    columns = np.array([example.column for example in examples])
    return Calibration(temperature=temperature(np.stack(outputs[LOGITS]), columns))


def variants(setting: Setting, relations: Relations) -> ReaderVariants[Row, PairExample]:
    """Tries out the graphs of a model."""

    def as_ids(rows: Sequence[Row]) -> list[PairExample]:
        return examples_of(setting.encoder, rows, relations)

    return ReaderVariants(setting, SERVING, as_ids, collate_pairs, calibrate)


def baseline(_base: Base, train: Sequence[Row], test: Sequence[Row]) -> Evaluation:
    """What always telling the commonest label would score."""
    return majority(train, test)


TASK: Task[Row, Relations, PairExample, PooledHead] = Task(
    schema=Relations.of,
    examples=examples_of,
    model=model,
    collate=collate_pairs,
    change_texts=change_texts,
    as_labels=as_labels,
    counts=Counted.of,
    loss=pair_loss,
    choices=Relations.choices,
    distributions=distributions,
    scores=scores,
    variants=variants,
    evaluate_bundle=SERVING.evaluate_bundle,
    baseline=baseline,
    labels=Relations.to_manifest,
    quality=QUALITY,
    shown=("accuracy", "macro_f1", "spearman"),
)
