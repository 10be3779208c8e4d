"""Masked language modelling as a task."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from services.training.exporting.reader_variants import ReaderVariants, Serving
from services.training.fitting.batching import IGNORED, Batch, batches
from services.training.fitting.device import autocast
from services.training.fitting.word_loss import told_words, word_loss
from services.training.models.base_models import Base
from services.training.models.scratch import build_base
from services.training.models.task_model import Outputs
from services.training.models.text_encoder import TextEncoder
from services.training.reporting.figures import Evaluation
from services.training.tasks.masked_lm.examples import Example, collate, examples_of, hidden_anew
from services.training.tasks.masked_lm.model import MaskedModel
from services.training.tasks.masked_lm.scores import QUALITY, commonest, evaluate
from services.training.tasks.task import Setting, Task
from shared.contracts.training.jobs import Architecture, JobSpec
from shared.rows.text import TextRow
from shared.tasks.masked_lm.reader import OUTPUT, MaskedReader

SERVING = Serving(MaskedReader, evaluate)

_TOKEN_OUTPUTS = frozenset((OUTPUT,))
_AT_ONCE = 32
#: Tokens that are read of each text where the baseline is made.
_BASELINE_LENGTH = 128


def distributions(outputs: Outputs, piece: Batch) -> Iterator[Tensor]:
    """The logits [n, v] of the words that are asked for."""
    yield outputs[OUTPUT][piece.targets["words"] != IGNORED]


@torch.no_grad()
def scores(model: MaskedModel, examples: Sequence[Example]) -> dict[str, float]:
    """``masked_accuracy``, 0..1."""
    was_training = model.training
    model.eval()
    right = asked = 0
    for batch in batches(examples, _AT_ONCE, collate):
        moved = batch.to(model.device)
        with autocast(model.device):
            told = model(**moved.inputs)[OUTPUT].argmax(dim=-1)
        words = moved.targets["words"]
        right += int(((told == words) & (words != IGNORED)).sum())
        asked += int((words != IGNORED).sum())
    model.train(was_training)
    return {"masked_accuracy": right / max(asked, 1)}


def variants(setting: Setting, _schema: None) -> ReaderVariants[TextRow, Example]:
    """Tries out the graphs of a model."""

    def as_ids(rows: Sequence[TextRow]) -> list[Example]:
        return examples_of(setting.encoder, rows, None)

    return ReaderVariants(setting, SERVING, as_ids, collate, reads_outputs=False)


def baseline(base: Base, train: Sequence[TextRow], test: Sequence[TextRow]) -> Evaluation:
    """What always telling the commonest token would score."""
    encoder = TextEncoder.load(base.folder, _BASELINE_LENGTH)
    found = commonest(examples_of(encoder, train, None), examples_of(encoder, test, None))
    return Evaluation(len(test), found, {})


def from_nothing(spec: JobSpec, texts: Sequence[str], folder: Path, seed: int) -> Base:
    """An encoder with random weights."""
    size = spec.architecture or Architecture()
    return build_base(size, texts, folder, max_length=spec.schedule.max_length, seed=seed)


TASK: Task[TextRow, None, Example, MaskedModel] = Task(
    examples=examples_of,
    model=MaskedModel.load,
    collate=collate,
    epoch=hidden_anew,
    counts=told_words,
    loss=word_loss,
    distributions=distributions,
    scores=scores,
    from_nothing=from_nothing,
    variants=variants,
    evaluate_bundle=SERVING.evaluate_bundle,
    baseline=baseline,
    quality=QUALITY,
    shown=("masked_accuracy", "perplexity"),
    token_outputs=_TOKEN_OUTPUTS,
)
