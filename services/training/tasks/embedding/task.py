"""Embedding as a task."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.training.exporting.reader_variants import ReaderVariants, Serving
from services.training.fitting.batching import Counted
from services.training.fitting.prediction import predicted
from services.training.models.base_models import Base
from services.training.models.text_encoder import TextEncoder
from services.training.reporting.figures import Evaluation
from services.training.reporting.retrieval import QUALITY
from services.training.tasks.embedding.examples import Example, collate, examples_of, single_texts
from services.training.tasks.embedding.loss import contrastive_loss
from services.training.tasks.embedding.model import EmbeddingModel
from services.training.tasks.embedding.scores import evaluate, found_with, quick_scores
from services.training.tasks.task import Setting, Task
from shared.rows.retrieval import RetrievalRow
from shared.tasks.embedding.reader import OUTPUT, EmbeddingReader

SERVING = Serving(EmbeddingReader, evaluate)

#: Tokens that the base model reads of each text when it shows what is to be beaten.
_BASELINE_LENGTH = 128


def variants(setting: Setting, _schema: None) -> ReaderVariants[RetrievalRow, Example]:
    """Tries out the graphs of a model."""

    def as_ids(rows: Sequence[RetrievalRow]) -> list[Example]:
        return single_texts(setting.encoder, rows)

    return ReaderVariants(setting, SERVING, as_ids, collate)


def baseline(base: Base, _train: Sequence[RetrievalRow], test: Sequence[RetrievalRow]) -> Evaluation:
    """What the base model finds as it is."""
    encoder = TextEncoder.load(base.folder, _BASELINE_LENGTH)
    model = EmbeddingModel.load(base.folder, None, 0.0)

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        examples = [Example(tuple(encoded.ids)) for encoded in encoder.tokens.encode(texts)]
        return np.stack(predicted(model, examples, collate)[OUTPUT])

    return found_with(embed, test)


TASK: Task[RetrievalRow, None, Example, EmbeddingModel] = Task(
    examples=examples_of,
    model=EmbeddingModel.load,
    collate=collate,
    counts=Counted.of,
    loss=contrastive_loss,
    scores=quick_scores,
    variants=variants,
    evaluate_bundle=SERVING.evaluate_bundle,
    baseline=baseline,
    embedding_size=lambda model: model.width,
    quality=QUALITY,
    shown=("recall_at_1", "recall_at_5", "mrr"),
)
