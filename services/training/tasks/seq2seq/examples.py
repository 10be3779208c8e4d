"""Pairs of texts as tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from services.training.fitting.batching import IGNORED, padded
from services.training.models.encoder_decoder import Framing
from services.training.models.text_encoder import TextEncoder
from shared.decoding.sources import Sources
from shared.errors import TrainingFailed
from shared.tasks.seq2seq.record import Row


@dataclass(frozen=True, slots=True)
class Example:
    """A pair of texts.

    Attributes:
        source: The tokens that are read.
        target: Those that the decoder reads: the beginning, and the text but for its last token.
        words: The tokens that it should tell, the one that ends the text last; they follow the last of ``target`` s beginning.
        size: Bytes of the text, as UTF-8.
    """

    source: tuple[int, ...]
    target: tuple[int, ...]
    words: tuple[int, ...]
    size: int

    def __len__(self) -> int:
        return len(self.source) + len(self.target)

    @property
    def tokens(self) -> tuple[int, ...]:
        """All its ids."""
        return self.source + self.target + self.words


class Pairs:
    """Cuts pairs of texts into tokens.

    Args:
        tokenizer: Of the model.
        begin: Tokens that a target begins with.
        end: The token that ends one.
        max_length: Tokens that are kept of each text.
    """

    def __init__(self, tokenizer: Tokenizer, begin: Sequence[int], end: int, max_length: int) -> None:
        self._sources = Sources(tokenizer, max_length)
        self._begin, self._end = tuple(begin), end
        self._most = max_length

    @classmethod
    def of(cls, encoder: TextEncoder) -> Pairs:
        """Those of a base model.

        Raises:
            TrainingFailed: It cannot read so much, or does not say how its texts begin and end.
        """
        framing = Framing.read(base_of(encoder))
        if framing.longest is not None and encoder.max_length > framing.longest:
            raise TrainingFailed(
                f"The base model reads {framing.longest} tokens at once. Lower schedule.max_length to that.",
                param="schedule.max_length",
            )
        return cls(encoder.tokenizer, framing.begin, framing.end[0], encoder.max_length)

    def example(self, row: Row) -> Example:
        """A row; what does not fit of a text is left out at its end, and a target that is cut does not end."""
        source, _ = self._sources.of(row.input)
        words = self._sources.target(row.target)
        told = [*words, self._end][: max(1, self._most - len(self._begin))]
        size = len((row.target if len(told) > len(words) else self._sources.text_of(told)).encode())
        return Example(tuple(source), (*self._begin, *told[:-1]), tuple(told), size)

    def is_cut(self, row: Row) -> bool:
        """Whether a text of a row does not fit."""
        return self._sources.of(row.input)[1] or len(self._sources.target(row.target)) + 1 > self._most - len(
            self._begin
        )


def base_of(encoder: TextEncoder) -> Path:
    """The directory of the base model.

    Raises:
        TrainingFailed: It came without one.
    """
    if encoder.base is None:
        raise TrainingFailed("The base model does not say how texts begin and end.", param="model")
    return encoder.base


def examples_of(encoder: TextEncoder, rows: Sequence[Row], _schema: None) -> list[Example]:
    """The rows."""
    cutter = Pairs.of(encoder)
    return [cutter.example(row) for row in rows]


def collate(chosen: Sequence[Example]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Inputs of ``EncoderDecoderModel``, padded to the longest; targets ``words`` [b, t], ``IGNORED`` where nothing is asked."""
    longest = max(len(one.target) for one in chosen)
    targets, words = np.zeros((len(chosen), longest), np.int64), np.full((len(chosen), longest), IGNORED)
    for row, one in enumerate(chosen):
        length = len(one.target)
        targets[row, :length] = one.target
        words[row, length - len(one.words) : length] = one.words
    inputs = padded([one.source for one in chosen]) | {"targets": torch.from_numpy(targets)}
    return inputs, {"words": torch.from_numpy(words)}
