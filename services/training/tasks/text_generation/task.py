"""Text generation as a task."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from services.training.exporting.decoder_export import export_decoder
from services.training.exporting.writer_variants import WriterVariants, of_base, of_bundle, of_decoder
from services.training.fitting.word_loss import told_words, word_loss
from services.training.models.base_models import Base
from services.training.models.decoder_model import DecoderModel
from services.training.models.scratch_decoder import build_decoder
from services.training.models.text_encoder import TextEncoder
from services.training.reporting.figures import Evaluation
from services.training.tasks.task import Exported, Setting, Task, Warned
from services.training.tasks.text_generation.examples import (
    Example,
    better,
    collate,
    conversations_of,
    examples_of,
    prepare,
)
from services.training.tasks.text_generation.scores import QUALITY, SHOWN, evaluate, judged, scores
from shared.decoding.writer import Writer
from shared.tasks.text_generation.record import Row


def export(model: DecoderModel, folder: Path, examples: Sequence[Example]) -> Exported:
    """A graph with keys and values, proved on the conversations up to their answers."""
    shape, difference = export_decoder(model, folder, [one.ids[: one.learned[0]] for one in better(examples)])
    return Exported(difference, shape)


def variants(setting: Setting, _schema: None) -> WriterVariants[Writer]:
    """Tries out the graphs of a model."""
    return of_decoder(setting, evaluate)


def baseline(base: Base, _train: Sequence[Row], test: Sequence[Row]) -> Evaluation:
    """The base model as it is."""

    def prompts(encoder: TextEncoder) -> list[tuple[int, ...]]:
        return [one.ids[: one.learned[0]] for one in better(examples_of(encoder, test[:16], None))]

    return of_base(base, "text_generation", prompts, evaluate, test)


def texts(rows: Sequence[Row]) -> list[str]:
    """Everything said."""
    return [message.content for row in rows for message in row.messages]


def warnings(rows: Sequence[Row], encoder: TextEncoder) -> Iterator[Warned]:
    """Of conversations that do not fit."""
    cutter = conversations_of(encoder)
    chats = ([message.as_chat() for message in row.messages] for row in rows)
    count = sum(cutter.length(chat) > encoder.max_length for chat in chats)
    if count:
        yield Warned(
            f"{count} conversations are longer than schedule.max_length ({encoder.max_length} tokens): their answers are learned one by one, "
            "with as much before each as there is room for. Raise it to train on all.",
            {"overlong_rows": count},
        )


TASK: Task[Row, None, Example, DecoderModel] = Task(
    examples=examples_of,
    model=DecoderModel.load,
    collate=collate,
    prepare=prepare,
    counts=told_words,
    loss=word_loss,
    scores=scores,
    warnings=warnings,
    export=export,
    from_nothing=build_decoder,
    texts=texts,
    judged=judged,
    variants=variants,
    evaluate_bundle=of_bundle(evaluate, Writer.from_bundle),
    baseline=baseline,
    quality=QUALITY,
    shown=SHOWN,
)
