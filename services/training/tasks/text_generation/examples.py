"""Conversations as tokens."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from services.training.models.decoder import Wording
from services.training.models.decoder_model import DecoderModel
from services.training.models.text_encoder import TextEncoder
from services.training.writing.conversations import Conversations
from services.training.writing.likelihood import pair_log_probabilities
from services.training.writing.preferences import PreferencePair, collated_pairs
from services.training.writing.token_sequences import TokenSequence, collated, packed
from shared.errors import TrainingFailed
from shared.tasks.text_generation.record import Row

Example = TokenSequence | PreferencePair


def conversations_of(encoder: TextEncoder) -> Conversations:
    """What cuts conversations for a base model."""
    if encoder.base is None:
        raise TrainingFailed("The base model does not say how conversations look to it.", param="model")
    tokenizer = encoder.tokens.plain()
    tokenizer.encode_special_tokens = False
    return Conversations(tokenizer, Wording.read(encoder.base, tokenizer), encoder.max_length)


def examples_of(encoder: TextEncoder, rows: Sequence[Row], _schema: None) -> list[Example]:
    """The rows, those with two answers as pairs.

    Raises:
        TrainingFailed: The chat template of the base model refuses one of them.
    """
    cutter = conversations_of(encoder)
    return [example for row in rows for example in _examples(cutter, row)]


def _examples(cutter: Conversations, row: Row) -> list[Example]:
    chat = [message.as_chat() for message in row.messages]
    if row.rejected is None:
        return [*cutter.sequences(chat, [message.is_learned for message in row.messages])]
    worse = [*chat[:-1], {**chat[-1], "content": row.rejected}]
    return [PreferencePair(cutter.answered(chat), cutter.answered(worse))]


def prepare(_model: DecoderModel, examples: Sequence[Example]) -> Sequence[Example]:
    """Texts behind each other, as many as the longest has room for; pairs that are to be compared stay as they are."""
    if any(isinstance(one, PreferencePair) and one.reference is not None for one in examples):
        return examples
    single = better(examples)
    return packed(single, max(len(one) for one in single))


def better(examples: Sequence[Example]) -> list[TokenSequence]:
    """The texts to learn, of pairs the better ones."""
    return [one.better if isinstance(one, PreferencePair) else one for one in examples]


def collate(chosen: Sequence[Example]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Inputs of the model and the words to tell; of pairs, with what the reference told."""
    pairs = [one for one in chosen if isinstance(one, PreferencePair)]
    if pairs and len(pairs) == len(chosen) and pairs[0].reference is not None:
        return collated_pairs(pairs)
    return collated(better(chosen))


def preferences(model: DecoderModel, pairs: Sequence[PreferencePair]) -> Tensor:
    """How much likelier, in nats, a model finds the better answer of each pair than the reference does: [n]; without one, than not at all."""
    told = pair_log_probabilities(model, pairs)
    reference = torch.tensor([pair.reference or (0.0, 0.0) for pair in pairs])
    gain = told - reference
    return gain[:, 0] - gain[:, 1]
