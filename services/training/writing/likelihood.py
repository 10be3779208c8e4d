"""How likely a decoder finds what it should have written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor

from services.training.fitting.batching import IGNORED, Collate, batches
from services.training.fitting.device import autocast
from services.training.models.decoder_model import OUTPUT, DecoderModel
from services.training.models.task_model import TaskModel
from services.training.writing.preferences import PreferencePair, collated_pairs
from services.training.writing.token_sequences import collated

_AT_ONCE = 16
#: Beyond it a perplexity says nothing any more.
_MOST_SURPRISE = 50.0


@dataclass(frozen=True, slots=True)
class Surprise:
    """What was found of some tokens.

    Attributes:
        nats: The negative logarithm of the probability of all of them.
        tokens: How many they are.
        size: Bytes of their text.
        right: How many of them are the likeliest ones.
    """

    nats: float
    tokens: int
    size: int
    right: int = 0

    def __add__(self, other: Self) -> Surprise:
        return Surprise(
            self.nats + other.nats, self.tokens + other.tokens, self.size + other.size, self.right + other.right
        )

    def scores(self) -> dict[str, float]:
        """``perplexity`` of a token; ``likelihood``, the mean probability of a byte, 0..1, which compares models of unlike tokenizers."""
        if not self.tokens:
            return {}
        return {
            "likelihood": math.exp(-self.nats / max(self.size, 1)),
            "perplexity": math.exp(min(self.nats / self.tokens, _MOST_SURPRISE)),
        }


NOTHING = Surprise(0.0, 0, 0)


def answer_log_probabilities(logits: Tensor, words: Tensor) -> Tensor:
    """Of each sequence's words [b, m] by logits [b, m, v], ``IGNORED`` left out: their sum, [b]."""
    asked = words != IGNORED
    told = torch.log_softmax(logits.float(), -1).gather(-1, words.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    return (told * asked).sum(-1)


@torch.no_grad()
def surprise_of(model: TaskModel, sequences: Sequence[Any], collate: Collate[Any] = collated) -> Surprise:
    """What a model that tells words, without dropout, makes of some texts; each knows its ``size`` in bytes."""
    was_training = model.training
    model.eval()
    found = NOTHING
    for batch in batches(sequences, _AT_ONCE, collate):
        moved = batch.to(model.device)
        with autocast(model.device):
            logits = model(**moved.inputs)[OUTPUT].float()
        words = moved.targets["words"]
        asked = words != IGNORED
        nats = -float(answer_log_probabilities(logits, words).sum())
        found += Surprise(nats, int(asked.sum()), 0, int(((logits.argmax(-1) == words) & asked).sum()))
    model.train(was_training)
    return found + Surprise(0.0, 0, sum(sequence.size for sequence in sequences))


@torch.no_grad()
def pair_log_probabilities(model: DecoderModel, pairs: Sequence[PreferencePair]) -> Tensor:
    """Of both answers of each pair, the better one first, by a model without dropout: [n, 2]."""
    was_training = model.training
    model.eval()
    found = torch.zeros(len(pairs), 2)
    for batch in batches(pairs, _AT_ONCE // 2, collated_pairs):
        moved = batch.to(model.device)
        with autocast(model.device):
            logits = model(**moved.inputs)[OUTPUT]
        told = answer_log_probabilities(logits, moved.targets["words"].flatten(0, 1))
        found[batch.positions] = told.cpu().view(-1, 2)
    model.train(was_training)
    return found
