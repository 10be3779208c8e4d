"""Texts that an encoder-decoder reads, and those that it should write, as tokens."""

from __future__ import annotations

from collections.abc import Sequence

from tokenizers import Tokenizer


class Sources:
    """Cuts texts that are read into tokens, in training as in serving.

    Args:
        tokenizer: Of the model.
        max_length: Tokens that are kept, special tokens included.
    """

    def __init__(self, tokenizer: Tokenizer, max_length: int) -> None:
        self._plain = Tokenizer.from_str(tokenizer.to_str())
        self._plain.encode_special_tokens = True  # what looks like a special token is read as characters
        self._plain.no_padding()
        self._plain.no_truncation()
        self._max_length = max_length

    def of(self, text: str) -> tuple[list[int], bool]:
        """The tokens of a text with the special ones around it, and whether its end was left out."""
        ids: list[int] = self._plain.encode(text).ids
        if len(ids) <= self._max_length:
            return ids or [0], False
        return [*ids[: self._max_length - 1], ids[-1]], True

    def target(self, text: str) -> list[int]:
        """The tokens of a text that should be written, without special ones."""
        ids: list[int] = self._plain.encode(text, add_special_tokens=False).ids
        return ids

    def text_of(self, ids: Sequence[int]) -> str:
        """The text of tokens; special ones leave nothing."""
        return self._plain.decode(list(ids), skip_special_tokens=True)
