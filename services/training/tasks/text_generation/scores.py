"""How well conversations are answered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.training.data.splitting import thinned
from services.training.models.decoder import Wording
from services.training.models.decoder_model import DecoderModel
from services.training.reporting.figures import Evaluation
from services.training.reporting.text_overlap import overlap
from services.training.tasks.text_generation.examples import Example, better, preferences
from services.training.writing.conversations import Conversations
from services.training.writing.likelihood import NOTHING, Surprise, surprise_of
from services.training.writing.preferences import PreferencePair
from services.training.writing.token_sequences import TokenSequence
from shared.decoding.writer import Writer, log_probabilities
from shared.tasks.text_generation.record import Row

QUALITY = ("likelihood", "preference_accuracy")
SHOWN = ("perplexity", "likelihood", "preference_accuracy", "bleu", "rouge_l")

#: Rows that a model is judged on at most, and of them those that it answers itself.
MOST, ANSWERED = 1_000, 100
#: Tokens of such an answer.
_WRITTEN = 128


def scores(model: DecoderModel, examples: Sequence[Example]) -> dict[str, float]:
    """For choosing weights: ``likelihood``, or where pairs are compared ``preference_accuracy``; 0..1."""
    pairs = [one for one in examples if isinstance(one, PreferencePair) and one.reference is not None]
    if pairs:
        return {"preference_accuracy": float((preferences(model, pairs) > 0).float().mean())}
    found = surprise_of(model, better(examples)).scores()
    return {"likelihood": found["likelihood"]} if found else {}


def judged(examples: Sequence[Example]) -> int:
    """Pairs that are compared, or tokens that are told."""
    if any(isinstance(one, PreferencePair) and one.reference is not None for one in examples):
        return len(examples)
    return max(1, sum(len(one.learned) for one in better(examples)))


def evaluate(writer: Writer, rows: Sequence[Row], writes: bool) -> Evaluation:  # see Evaluate
    """Ask a model, as served, how likely it finds the answers; and for answers of its own.

    ``likelihood`` is the mean probability of a byte of the right answers, ``perplexity`` that of a token. Rows of two answers have in
    place of the first ``preference_accuracy``, how often the better one is likelier, and ``preference_margin``, by how many nats: what
    training adds to it is what DPO calls the reward, without its beta.
    """
    kept = thinned(rows, MOST)
    cutter = Conversations(
        writer.tokenizer, Wording(writer.template, writer.shape.begin, writer.shape.end), writer.shape.context
    )
    found = surprise(writer, [sequence for row in kept for sequence in _sequences(cutter, row)]).scores()
    if compared := [row for row in kept if row.rejected is not None]:
        found.pop("likelihood", None)
        found |= _preferences(writer, cutter, compared)
    if writes:
        found |= _written(writer, cutter, thinned(kept, ANSWERED))
    return Evaluation(len(rows), found, {})


def surprise(writer: Writer, sequences: Sequence[TokenSequence]) -> Surprise:
    """What a model, as served, makes of some texts."""
    found = NOTHING
    for one in sequences:
        told = log_probabilities(writer.read(one.ids[:-1]), one.ids)[np.array(one.learned, np.int64) - 1]
        found += Surprise(-float(told.sum()), len(one.learned), one.size)
    return found


def _sequences(cutter: Conversations, row: Row) -> list[TokenSequence]:
    return cutter.sequences([one.as_chat() for one in row.messages], [one.is_learned for one in row.messages])


def _preferences(writer: Writer, cutter: Conversations, rows: Sequence[Row]) -> dict[str, float]:
    margins = []
    for row in rows:
        chat = [message.as_chat() for message in row.messages]
        worse = [*chat[:-1], {**chat[-1], "content": row.rejected or ""}]
        told = [-surprise(writer, [cutter.answered(one)]).nats for one in (chat, worse)]
        margins.append(told[0] - told[1])
    return {
        "preference_accuracy": float(np.mean([margin > 0 for margin in margins])),
        "preference_margin": float(np.mean(margins)),
    }


def _written(writer: Writer, cutter: Conversations, rows: Sequence[Row]) -> dict[str, float]:
    asked = [(cutter.prompt([message.as_chat() for message in row.messages[:-1]]), row.answer) for row in rows]
    asked = [(prompt, answer) for prompt, answer in asked if len(prompt) < writer.shape.context]
    written = writer.write([prompt for prompt, _ in asked], [_WRITTEN] * len(asked))
    return overlap([one.text.strip() for one in written], [answer for _, answer in asked])
