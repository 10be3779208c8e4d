"""Texts to token ids and back to places in the text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tokenizers import Encoding, Tokenizer

from shared.errors import BrokenArtifact

_LONE_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Encoded:
    """The tokens of one text, special tokens included.

    Attributes:
        ids: Vocabulary index of each token.
        offsets: Half-open code-point span of each token in the original text; empty for special tokens.
        continues: Whether the token goes on with the word of the token before it.
    """

    ids: list[int]
    offsets: list[tuple[int, int]]
    continues: list[bool]

    @property
    def is_blank(self) -> bool:
        """Whether the text holds nothing that the model could read."""
        return all(end <= start for start, end in self.offsets)


class Tokens:
    """A tokenizer that truncates to ``max_length`` and never pads.

    Tokenizer files often have padding to a fixed length baked in (MiniLM's pads every sentence to 128 tokens); padding
    is the business of whoever makes the batch.
    """

    def __init__(self, tokenizer: Tokenizer, max_length: int) -> None:
        self.pad_id = _pad_id(tokenizer)
        tokenizer.no_padding()
        tokenizer.enable_truncation(max_length)
        self._tokenizer = tokenizer

    @classmethod
    def from_file(cls, path: Path, max_length: int) -> Self:
        """Open a ``tokenizer.json``.

        Raises:
            BrokenArtifact: The file is missing or no tokenizer.
        """
        try:
            content = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BrokenArtifact(f"cannot read {path.name}: {error}; fetch or train the model again") from error
        try:
            tokenizer = Tokenizer.from_str(content)
        except Exception as error:  # tokenizers raises plain Exception for whatever is wrong with a file
            raise BrokenArtifact(f"{path.name} is no tokenizer: {error}; fetch or train the model again") from error
        return cls(tokenizer, max_length)

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Tokenise ``texts``; one result each, in order."""
        return [_encoded(encoding) for encoding in self._tokenizer.encode_batch([readable(text) for text in texts])]


def readable(text: str) -> str:
    """``text`` with each lone surrogate replaced by U+FFFD, so that it has a UTF-8 form; no offset moves."""
    return text if text.isascii() else _LONE_SURROGATES.sub("\ufffd", text)


def _encoded(encoding: Encoding) -> Encoded:
    words = encoding.word_ids
    continues = [word is not None and word == before for word, before in zip(words, [None, *words], strict=False)]
    return Encoded(encoding.ids, encoding.offsets, continues)


def _pad_id(tokenizer: Tokenizer) -> int:
    if tokenizer.padding is not None:
        return int(tokenizer.padding["pad_id"])
    known = (tokenizer.token_to_id(token) for token in ("[PAD]", "<pad>"))
    return next((token_id for token_id in known if token_id is not None), 0)
