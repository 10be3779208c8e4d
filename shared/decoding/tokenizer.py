"""Texts to the tokens of a language model, and what bytes each token stands for."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from tokenizers import Tokenizer

from shared.errors import BrokenArtifact

_BYTE_TOKEN = re.compile("<0x([0-9A-F]{2})>")


class DecoderTokens:
    """The tokenizer of a decoder.

    Args:
        tokenizer: Changed in place: it neither pads nor cuts.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._marked = tokenizer
        self._plain = Tokenizer.from_str(tokenizer.to_str())
        self._plain.encode_special_tokens = True
        #: The bytes that each token adds to a text, by id; those of special tokens are none.
        self.pieces = _pieces(tokenizer)

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer itself, which knows the special tokens."""
        return self._marked

    def reveal(self, text: str) -> None:
        """Let special tokens that ``text`` holds be seen in what is written."""
        for index, token in self._marked.get_added_tokens_decoder().items():
            if token.special and token.content and token.content in text:
                self.pieces[index] = token.content.encode()

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Open a ``tokenizer.json``.

        Raises:
            BrokenArtifact: The file is missing or no tokenizer.
        """
        try:
            return cls(Tokenizer.from_str(path.read_text(encoding="utf-8")))
        except Exception as error:  # tokenizers raises plain Exception for whatever is wrong with a file
            raise BrokenArtifact(f"{path.name} is no tokenizer: {error}; fetch or train the model again") from error

    def encode(self, text: str) -> list[int]:
        """The tokens of what somebody wrote: what looks like a special token is read as characters."""
        return self._plain.encode(text, add_special_tokens=False).ids

    def encode_marked(self, text: str) -> list[int]:
        """The tokens of a text that a chat template made, where special tokens are what they look like."""
        return self._marked.encode(text, add_special_tokens=False).ids

    def decode(self, ids: Sequence[int]) -> str:
        """The text of an answer that is complete; special tokens leave nothing."""
        return self._marked.decode(list(ids), skip_special_tokens=True)

    def to_json(self) -> str:
        """The tokenizer as its file holds it."""
        return self._marked.to_str()


def _pieces(tokenizer: Tokenizer) -> list[bytes]:
    added = tokenizer.get_added_tokens_decoder()
    to_bytes = _from_byte_level if _is_byte_level(tokenizer) else _from_sentencepiece
    pieces = [b""] * (max(tokenizer.get_vocab(with_added_tokens=True).values(), default=-1) + 1)
    for token, index in tokenizer.get_vocab(with_added_tokens=True).items():
        if index not in added:
            pieces[index] = to_bytes(token)
        elif not added[index].special:
            pieces[index] = added[index].content.encode()
    return pieces


def _is_byte_level(tokenizer: Tokenizer) -> bool:
    described: dict[str, Any] = json.loads(tokenizer.to_str())
    return '"ByteLevel"' in json.dumps(described["decoder"])


def _from_byte_level(token: str) -> bytes:
    return b"".join(_BYTES[c] if c in _BYTES else c.encode() for c in token)


def _from_sentencepiece(token: str) -> bytes:
    found = _BYTE_TOKEN.fullmatch(token)
    return bytes([int(found[1], 16)]) if found else token.replace("\u2581", " ").encode()


def _byte_alphabet() -> dict[str, bytes]:
    """The character that stands for each byte in a byte-level vocabulary (Radford et al. 2019, GPT-2)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in set(printable)]
    shown = {chr(byte): bytes([byte]) for byte in printable}
    return shown | {chr(256 + place): bytes([byte]) for place, byte in enumerate(others)}


_BYTES = _byte_alphabet()
