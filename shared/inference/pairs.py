"""Two texts as one sequence of tokens, put together as the tokenizer's template says."""

from __future__ import annotations

from collections.abc import Sequence

from tokenizers import Encoding, Tokenizer

from shared.inference.tokens import Encoded, Tokens, readable
from shared.text.normalisation import NormalisedText, normalise

#: Tokens that a window of the second text shares with the one before, so that what lies on the border is whole in one of them.
_OVERLAP = 32


class PairTokens:
    """Puts pairs of texts together.

    Args:
        tokens: Of the model.
    """

    def __init__(self, tokens: Tokens) -> None:
        self._max_length = tokens.max_length
        self._plain = tokens.plain()
        self._whole = _cutting(tokens.plain(), tokens.max_length, "longest_first", 0)
        # A long first text leaves half of a window to the second; that needs some room for more than the overlap.
        self._windows = _cutting(
            tokens.plain(), tokens.max_length, "only_second", min(_OVERLAP, tokens.max_length // 8)
        )

    def encode(self, firsts: Sequence[str], seconds: Sequence[str]) -> list[Encoded]:
        """Each pair in one window: of the longer text the end is left out, until both fit. The offsets are those of either."""
        pairs = [(_normal(one).text, _normal(other).text) for one, other in zip(firsts, seconds, strict=True)]
        return [_joined(encoding) for encoding in self._whole.encode_batch(pairs)]

    def windows(self, firsts: Sequence[str], seconds: Sequence[str]) -> list[list[Encoded]]:
        """Each pair as windows over its second text; the first is whole in each, up to half a window.

        The offsets are those of the second text, and empty for all other tokens.
        """
        normal = [_normal(second) for second in seconds]
        pairs = [(self._shortened(_normal(one).text), text.text) for one, text in zip(firsts, normal, strict=True)]
        encodings = self._windows.encode_batch(pairs)
        return [
            [_of_second(part, text) for part in (encoding, *encoding.overflowing)]
            for encoding, text in zip(encodings, normal, strict=True)
        ]

    def _shortened(self, text: str) -> str:
        offsets = self._plain.encode(text, add_special_tokens=False).offsets
        most = self._max_length // 2
        return text if len(offsets) <= most else text[: offsets[most - 1][1]]


def _cutting(tokenizer: Tokenizer, max_length: int, strategy: str, stride: int) -> Tokenizer:
    tokenizer.enable_truncation(max_length, strategy=strategy, stride=stride)
    return tokenizer


def _normal(text: str) -> NormalisedText:
    return normalise(readable(text))


def _joined(encoding: Encoding) -> Encoded:
    words = encoding.word_ids
    return Encoded(encoding.ids, encoding.offsets, [False] * len(words), _behind(encoding))


def _of_second(encoding: Encoding, normal: NormalisedText) -> Encoded:
    words = encoding.word_ids
    is_second = [sequence == 1 for sequence in encoding.sequence_ids]
    offsets = [span if second else (0, 0) for span, second in zip(encoding.offsets, is_second, strict=True)]
    if normal.spans is not None:
        offsets = [normal.original(start, end) if end > start else (0, 0) for start, end in offsets]
    continues = [word is not None and word == before for word, before in zip(words, [None, *words], strict=False)]
    return Encoded(encoding.ids, offsets, continues, _behind(encoding))


def _behind(encoding: Encoding) -> int:
    """Tokens of type 1, which stand last; none where the template knows no types."""
    return sum(kind == 1 for kind in encoding.type_ids)
