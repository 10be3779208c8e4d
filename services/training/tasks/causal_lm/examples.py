"""Texts as tokens."""

from __future__ import annotations

from collections.abc import Sequence

from tokenizers import Tokenizer

from services.training.models.decoder import Wording
from services.training.models.decoder_model import DecoderModel
from services.training.models.text_encoder import TextEncoder
from services.training.writing.token_sequences import TokenSequence, packed
from shared.errors import TrainingFailed
from shared.rows.text import TextRow


def examples_of(encoder: TextEncoder, rows: Sequence[TextRow], _schema: None) -> list[TokenSequence]:
    """The texts between a beginning and an end, long ones in pieces; every token is learned."""
    if encoder.base is None:
        raise TrainingFailed("The base model does not say how texts begin and end.", param="model")
    plain = encoder.tokens.plain()
    wording = Wording.read(encoder.base, plain)
    return sequences(plain, [row.text for row in rows], wording.begin, wording.end, encoder.max_length)


def sequences(
    tokenizer: Tokenizer, texts: Sequence[str], begin: int | None, end: Sequence[int], max_length: int
) -> list[TokenSequence]:
    """Texts as sequences of at most so many tokens.

    Args:
        tokenizer: Takes what looks like a special token for characters.
        texts: Of any length.
        begin: The token that a text begins with, if any.
        end: Tokens that may end one; the last of them ends a text, and the first a turn of a conversation.
        max_length: Tokens of a piece.
    """
    found = []
    for encoding in tokenizer.encode_batch(list(texts), add_special_tokens=False):
        ids = [*([] if begin is None else [begin]), *encoding.ids, end[-1]]
        for start in range(0, len(ids) - 1, max_length - 1):
            piece = tuple(ids[start : start + max_length])  # begins with the last token of the one before
            size = len(tokenizer.decode(list(piece[1:]), skip_special_tokens=True).encode())
            found.append(TokenSequence(piece, tuple(range(1, len(piece))), size))
    return found


def prepare(_model: DecoderModel, examples: Sequence[TokenSequence]) -> Sequence[TokenSequence]:
    """Texts behind each other, as many as the longest has room for."""
    return packed(examples, max(len(one) for one in examples))
