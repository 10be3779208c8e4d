"""Causal language modelling as a task."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from services.training.data.splitting import thinned
from services.training.exporting.decoder_export import export_decoder
from services.training.exporting.writer_variants import WriterVariants, of_bundle, of_decoder
from services.training.fitting.word_loss import told_words, word_loss
from services.training.models.base_models import Base
from services.training.models.decoder_model import DecoderModel
from services.training.models.scratch_decoder import build_decoder
from services.training.models.text_encoder import TextEncoder
from services.training.reporting.figures import Evaluation
from services.training.tasks.causal_lm.examples import examples_of, prepare, sequences
from services.training.tasks.causal_lm.trigram import Trigram
from services.training.tasks.task import Exported, Setting, Task
from services.training.writing.likelihood import NOTHING, Surprise, surprise_of
from services.training.writing.token_sequences import TokenSequence, collated
from shared.decoding.writer import Writer, log_probabilities
from shared.rows.text import TextRow

#: Texts that a model is judged on at most.
_MOST = 1_000
#: Tokens of the beginnings that graph and model are compared on; and of the pieces that the baseline reads.
_BEGINNING, _PIECE = 32, 512


def scores(model: DecoderModel, examples: Sequence[TokenSequence]) -> dict[str, float]:
    """``likelihood`` of a byte, 0..1."""
    found = surprise_of(model, examples).scores()
    return {"likelihood": found["likelihood"]} if found else {}


def judged(examples: Sequence[TokenSequence]) -> int:
    """Tokens that are told."""
    return max(1, sum(len(one.learned) for one in examples))


def evaluate(writer: Writer, rows: Sequence[TextRow], writes: bool) -> Evaluation:  # see Evaluate
    """Ask a model, as served, how likely it finds some texts: ``likelihood`` of a byte, ``perplexity`` and ``token_accuracy`` of a token."""
    del writes
    plain = type(writer.tokenizer).from_str(writer.tokenizer.to_str())
    plain.encode_special_tokens = True
    texts = [row.text for row in thinned(rows, _MOST)]
    found = NOTHING
    for one in sequences(plain, texts, writer.shape.begin, writer.shape.end, writer.shape.context):
        logits = writer.read(one.ids[:-1])
        told = log_probabilities(logits, one.ids)
        right = int((logits.argmax(axis=1) == np.array(one.ids[1:])).sum())
        found += Surprise(-float(told.sum()), len(one.learned), one.size, right)
    accuracy = {"token_accuracy": found.right / found.tokens} if found.tokens else {}
    return Evaluation(len(rows), found.scores() | accuracy, {})


def export(model: DecoderModel, folder: Path, examples: Sequence[TokenSequence]) -> Exported:
    """A graph with keys and values, proved on the beginnings of texts."""
    shape, difference = export_decoder(model, folder, [one.ids[:_BEGINNING] for one in examples])
    return Exported(difference, shape)


def variants(setting: Setting, _schema: None) -> WriterVariants[Writer]:
    """Tries out the graphs of a model."""
    return of_decoder(setting, evaluate)


def baseline(base: Base, train: Sequence[TextRow], test: Sequence[TextRow]) -> Evaluation:
    """A smoothed trigram over the tokens of the base model."""
    encoder = TextEncoder.load(base.folder, _PIECE)
    counted = Trigram(examples_of(encoder, train, None), encoder.tokenizer.get_vocab_size())
    found = counted.surprise(examples_of(encoder, thinned(test, _MOST), None))
    return Evaluation(len(test), found.scores(), {})


TASK: Task[TextRow, None, TokenSequence, DecoderModel] = Task(
    examples=examples_of,
    model=DecoderModel.load,
    collate=collated,
    prepare=prepare,
    counts=told_words,
    loss=word_loss,
    scores=scores,
    export=export,
    from_nothing=build_decoder,
    judged=judged,
    variants=variants,
    evaluate_bundle=of_bundle(evaluate, Writer.from_bundle),
    baseline=baseline,
    quality=("likelihood",),
    shown=("perplexity", "likelihood", "token_accuracy"),
)
