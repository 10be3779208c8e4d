"""Texts, and what was said before them, to token ids; and back to places in the text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Self

from tokenizers import Encoding, Tokenizer

from shared.errors import BrokenArtifact
from shared.text.normalisation import NormalisedText, normalise

#: Tokens of what was said before a text that are read with it, separators included: a bot's question, and some words of what it answered.
#: Every one of them costs as much time as a token of the text.
CONTEXT_TOKENS = 24
#: Tokens that are kept of one message: its head names the matter, its tail holds the question (Sun et al. 2019, arXiv:1905.05583).
_MESSAGE_HEAD, _MESSAGE_TAIL = 6, 12
#: Characters of a message's head and tail that are tokenised: enough for the tokens above.
_HEAD_CHARACTERS, _TAIL_CHARACTERS = 100, 400
#: Tokens that a window shares with the one before, so that an entity on the border is whole in one of them.
_OVERLAP = 16
#: Windows of one text; what lies behind is not read, and the answer says so.
MAX_WINDOWS = 32

_LONE_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Encoded:
    """The tokens of one text, or of one window of a long one: special tokens, and after them what was said before.

    Attributes:
        ids: Vocabulary index of each token.
        offsets: Half-open code-point span of each token in the original text; empty for special tokens and for the context.
        continues: Whether the token goes on with the word of the token before it.
        context: How many of the last tokens are context.
    """

    ids: list[int]
    offsets: list[tuple[int, int]]
    continues: list[bool]
    context: int = 0

    @property
    def is_blank(self) -> bool:
        """Whether the text holds nothing that the model could read."""
        return all(end <= start for start, end in self.offsets)

    @property
    def types(self) -> list[int]:
        """0 for each token of the text, 1 for each of the context."""
        return [0] * (len(self.ids) - self.context) + [1] * self.context


class Tokens:
    """A tokenizer that brings texts into their one form, cuts them into windows of ``max_length`` tokens and never pads.

    Tokenizer files often have padding to a fixed length baked in (MiniLM's pads every sentence to 128 tokens); padding
    is the business of whoever makes the batch.

    Args:
        tokenizer: Changed in place.
        max_length: Tokens of a window, special tokens and context included.
    """

    def __init__(self, tokenizer: Tokenizer, max_length: int) -> None:
        self.pad_id = _pad_id(tokenizer)
        self.max_length = max_length
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._uncut = Tokenizer.from_str(tokenizer.to_str())
        self._uncut.encode_special_tokens = True
        tokenizer.enable_truncation(max_length, stride=min(_OVERLAP, max_length // 4))
        # Whoever writes "[SEP]" means five characters, and not the end of a message.
        tokenizer.encode_special_tokens = True
        self._tokenizer = tokenizer
        self._separator = tokenizer.encode("").ids[-1:]

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

    def plain(self) -> Tokenizer:
        """A copy of the tokenizer that neither pads nor cuts, and reads what looks like a special token as characters."""
        copy = Tokenizer.from_str(self._uncut.to_str())
        copy.encode_special_tokens = True
        return copy

    def encode(self, texts: Sequence[str], contexts: Sequence[Sequence[str]] | None = None) -> list[Encoded]:
        """The first window of each text, in order, with its context."""
        return [windows[0] for windows in self.windows(texts, contexts)]

    def windows(self, texts: Sequence[str], contexts: Sequence[Sequence[str]] | None = None) -> list[list[Encoded]]:
        """Each text as overlapping windows, in order; nearly all texts are one.

        Args:
            texts: What is read.
            contexts: The messages before each text, oldest first. A text of several windows stands for itself.
        """
        normal = [normalise(readable(text)) for text in texts]
        encodings = self._tokenizer.encode_batch([text.text for text in normal])
        before = self._contexts(contexts) if contexts is not None else [[] for _ in texts]
        return [self._windows(*parts) for parts in zip(encodings, normal, before, strict=True)]

    def _windows(self, encoding: Encoding, normal: NormalisedText, context: list[int]) -> list[Encoded]:
        overflowing = encoding.overflowing
        if overflowing:
            return [_encoded(part, normal) for part in (encoding, *overflowing)]
        encoded = _encoded(encoding, normal)
        return [with_context(encoded, context, self.max_length)]

    def _contexts(self, contexts: Sequence[Sequence[str]]) -> list[list[int]]:
        """The tokens of what was said before, newest message first, each ended by a separator."""
        messages = [[message for message in reversed(context) if message.strip()][:2] for context in contexts]
        flat = [normalise(readable(_cut(message))).text for message in chain.from_iterable(messages)]
        ids = iter([_shortened(found.ids) for found in self._uncut.encode_batch(flat, add_special_tokens=False)])
        joined = ([token for _ in part for token in (*next(ids), *self._separator)] for part in messages)
        return [tokens[:CONTEXT_TOKENS] for tokens in joined]


def with_context(encoded: Encoded, context: Sequence[int], max_length: int) -> Encoded:
    """The tokens of a text with those of its context behind them, as far as there is room."""
    kept = list(context[: max(max_length - len(encoded.ids), 0)])
    if not kept:
        return encoded
    return Encoded(
        [*encoded.ids, *kept],
        [*encoded.offsets, *[(0, 0)] * len(kept)],
        [*encoded.continues, *[False] * len(kept)],
        len(kept),
    )


def readable(text: str) -> str:
    """``text`` with each lone surrogate replaced by U+FFFD, so that it has a UTF-8 form; no offset moves."""
    return text if text.isascii() else _LONE_SURROGATES.sub("\ufffd", text)


def _encoded(encoding: Encoding, normal: NormalisedText) -> Encoded:
    """The tokens of an encoded text, by their places in the original."""
    words = encoding.word_ids
    continues = [word is not None and word == before for word, before in zip(words, [None, *words], strict=False)]
    offsets = encoding.offsets
    if normal.spans is not None:
        offsets = [normal.original(start, end) if end > start else (0, 0) for start, end in offsets]
    return Encoded(encoding.ids, offsets, continues)


def _cut(message: str) -> str:
    if len(message) <= _HEAD_CHARACTERS + _TAIL_CHARACTERS:
        return message
    return f"{message[:_HEAD_CHARACTERS]} {message[-_TAIL_CHARACTERS:]}"


def _shortened(ids: list[int]) -> list[int]:
    if len(ids) <= _MESSAGE_HEAD + _MESSAGE_TAIL:
        return ids
    return [*ids[:_MESSAGE_HEAD], *ids[-_MESSAGE_TAIL:]]


def _pad_id(tokenizer: Tokenizer) -> int:
    if tokenizer.padding is not None:
        return int(tokenizer.padding["pad_id"])
    known = (tokenizer.token_to_id(token) for token in ("[PAD]", "<pad>"))
    return next((token_id for token_id in known if token_id is not None), 0)
