"""Sequence to sequence as a task."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from services.training.exporting.encoder_decoder_export import Pair, export_encoder_decoder
from services.training.exporting.quantization import PAIRED_SCHEMES
from services.training.exporting.writer_variants import DRAFT_LENGTH, WriterVariants, of_bundle
from services.training.fitting.word_loss import told_words, word_loss
from services.training.models.base_models import Base
from services.training.models.encoder_decoder_model import EncoderDecoderModel
from services.training.models.scratch_encoder_decoder import build_encoder_decoder
from services.training.models.text_encoder import TextEncoder
from services.training.reporting.figures import Evaluation
from services.training.tasks.seq2seq.examples import Example, Pairs, collate, examples_of
from services.training.tasks.seq2seq.scores import QUALITY, SHOWN, evaluate, judged, scores
from services.training.tasks.task import Exported, Setting, Task, Warned
from shared.artifacts.manifest import FP32_MODEL, TOKENIZER, EncoderDecoderShape
from shared.tasks.seq2seq.reader import SequenceWriter
from shared.tasks.seq2seq.record import Row


def export(model: EncoderDecoderModel, folder: Path, examples: Sequence[Example]) -> Exported:
    """Two graphs, proved on pairs."""
    shape, difference = export_encoder_decoder(model, folder, _pairs(examples))
    return Exported(difference, shape)


def _pairs(examples: Sequence[Example]) -> list[Pair]:
    return [(one.source, one.target) for one in examples]


def variants(setting: Setting, _schema: None) -> WriterVariants[SequenceWriter]:
    """Tries out the graphs of a model."""

    def opened(graph: Path) -> SequenceWriter:
        draft = setting.draft
        if not isinstance(draft.decoder, EncoderDecoderShape):
            raise TypeError("The export of an encoder-decoder describes it.")
        return SequenceWriter.from_files(
            graph, draft.decoder, draft.model_id, draft.max_length, threads=setting.threads
        )

    return WriterVariants(setting, evaluate, opened, PAIRED_SCHEMES)


def baseline(base: Base, _train: Sequence[Row], test: Sequence[Row]) -> Evaluation:
    """The base model as it is."""
    with tempfile.TemporaryDirectory() as room:
        folder = Path(room) / "bundle"
        folder.mkdir()
        encoder = TextEncoder.load(base.folder, DRAFT_LENGTH)
        encoder.save(folder / TOKENIZER)
        pairs = _pairs(examples_of(encoder, test[:16], None))
        shape, _ = export_encoder_decoder(EncoderDecoderModel.load(base.folder, None, 0.0), folder, pairs)
        with closing(SequenceWriter.from_files(folder / FP32_MODEL, shape, base.name, shape.context)) as writer:
            return evaluate(writer, test, writes=True)


def texts(rows: Sequence[Row]) -> list[str]:
    """Everything that is read or written."""
    return [text for row in rows for text in (row.input, row.target)]


def warnings(rows: Sequence[Row], encoder: TextEncoder) -> Iterator[Warned]:
    """Of texts that do not fit."""
    cutter = Pairs.of(encoder)
    count = sum(cutter.is_cut(row) for row in rows)
    if count:
        yield Warned(
            f"Of {count} rows a text is longer than schedule.max_length ({encoder.max_length} tokens): its end is left out. Raise it to read all.",
            {"overlong_rows": count},
        )


TASK: Task[Row, None, Example, EncoderDecoderModel] = Task(
    examples=examples_of,
    model=EncoderDecoderModel.load,
    collate=collate,
    counts=told_words,
    loss=word_loss,
    scores=scores,
    warnings=warnings,
    export=export,
    from_nothing=build_encoder_decoder,
    texts=texts,
    judged=judged,
    variants=variants,
    evaluate_bundle=of_bundle(evaluate, SequenceWriter.from_bundle),
    baseline=baseline,
    quality=QUALITY,
    shown=SHOWN,
)
