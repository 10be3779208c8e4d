"""How well texts are written from others."""

from __future__ import annotations

from collections.abc import Sequence

from services.training.data.splitting import thinned
from services.training.models.encoder_decoder_model import EncoderDecoderModel
from services.training.reporting.figures import Evaluation
from services.training.reporting.text_overlap import overlap
from services.training.tasks.seq2seq.examples import Example, Pairs, collate
from services.training.writing.likelihood import NOTHING, Surprise, surprise_of
from shared.decoding.writer import log_probabilities
from shared.tasks.seq2seq.reader import SequenceWriter
from shared.tasks.seq2seq.record import TOKENS, Row

QUALITY = ("likelihood",)
SHOWN = ("perplexity", "likelihood", "rouge_l", "chrf", "bleu")

#: Rows that a model is judged on at most, and of them those that it writes itself.
MOST, WRITTEN = 1_000, 100
_AT_ONCE = 16


def scores(model: EncoderDecoderModel, examples: Sequence[Example]) -> dict[str, float]:
    """``likelihood`` of a byte, 0..1."""
    found = surprise_of(model, examples, collate).scores()
    return {"likelihood": found["likelihood"]} if found else {}


def judged(examples: Sequence[Example]) -> int:
    """Tokens that are told."""
    return max(1, sum(len(one.words) for one in examples))


def evaluate(writer: SequenceWriter, rows: Sequence[Row], writes: bool) -> Evaluation:  # see Evaluate
    """Ask a model, as served, how likely it finds the targets; and for texts of its own.

    ``likelihood`` is the mean probability of a byte of the targets, ``perplexity`` that of a token; ``rouge_l``, ``chrf`` and ``bleu`` are of
    what it writes.
    """
    kept = thinned(rows, MOST)
    shape = writer.shape
    cutter = Pairs(writer.tokens.tokenizer, shape.begin, shape.end[0], min(writer.max_length, shape.context))
    found = _surprise(writer, [cutter.example(row) for row in kept]).scores()
    if writes:
        asked = thinned(kept, WRITTEN)
        read = [writer.sources.of(row.input)[0] for row in asked]
        written = writer.graphs.write(read, [TOKENS] * len(asked))
        found |= overlap([writer.tokens.decode(one).strip() for one in written], [row.target for row in asked])
    return Evaluation(len(rows), found, {})


def _surprise(writer: SequenceWriter, examples: Sequence[Example]) -> Surprise:
    found = NOTHING
    by_length = sorted(examples, key=len)
    for start in range(0, len(by_length), _AT_ONCE):
        chosen = by_length[start : start + _AT_ONCE]
        logits = writer.graphs.read([one.source for one in chosen], [one.target for one in chosen])
        for one, told in zip(chosen, logits, strict=True):
            asked = told[len(one.target) - len(one.words) :]
            nats = -float(log_probabilities(asked, [0, *one.words]).sum())
            found += Surprise(nats, len(one.words), one.size)
    return found
