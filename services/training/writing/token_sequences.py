"""Texts as the tokens that a decoder reads, and which of them it learns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from services.training.fitting.batching import IGNORED
from services.training.models.decoder_model import PADDING


@dataclass(frozen=True, slots=True)
class TokenSequence:
    """One text, or several that stand behind each other and do not see each other.

    Attributes:
        ids: Its tokens.
        learned: Places, from 1, of the tokens that a model should tell from those before them.
        size: Bytes of what is learned, as UTF-8: scores by them compare models of unlike tokenizers.
        lengths: Of the texts in it.
    """

    ids: tuple[int, ...]
    learned: tuple[int, ...]
    size: int
    lengths: tuple[int, ...] = field(default=())

    def __post_init__(self) -> None:
        if not self.lengths:
            object.__setattr__(self, "lengths", (len(self.ids),))

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def tokens(self) -> tuple[int, ...]:
        """All its ids."""
        return self.ids

    def and_then(self, other: TokenSequence) -> TokenSequence:
        """Both behind each other."""
        moved = tuple(place + len(self.ids) for place in other.learned)
        return replace(
            self,
            ids=self.ids + other.ids,
            learned=self.learned + moved,
            size=self.size + other.size,
            lengths=self.lengths + other.lengths,
        )


def packed(sequences: Sequence[TokenSequence], room: int) -> list[TokenSequence]:
    """As few sequences of at most ``room`` tokens as best-fit-decreasing makes: the longest first, each where it leaves least room.

    Args:
        sequences: None of them longer than ``room``.
        room: Tokens.
    """
    bins: list[TokenSequence] = []
    by_room: dict[int, list[int]] = {}  # bins by the tokens that they have left
    for sequence in sorted(sequences, key=len, reverse=True):
        fitting = min((left for left, places in by_room.items() if places and left >= len(sequence)), default=None)
        if fitting is None:
            bins.append(sequence)
            by_room.setdefault(room - len(sequence), []).append(len(bins) - 1)
            continue
        place = by_room[fitting].pop()
        bins[place] = bins[place].and_then(sequence)
        by_room.setdefault(fitting - len(sequence), []).append(place)
    return bins


def collated(sequences: Sequence[TokenSequence]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Inputs of ``DecoderModel``, padded to the longest; targets ``words`` [b, m], ``IGNORED`` where nothing is asked."""
    longest = max(len(one) for one in sequences)
    most = max(1, *(len(one.learned) for one in sequences))
    rows = len(sequences)
    ids, mask, positions = (np.zeros((rows, longest), np.int64) for _ in range(3))
    segments, asked = np.full((rows, longest), PADDING), np.zeros((rows, most), np.int64)
    words = np.full((rows, most), IGNORED)
    for row, one in enumerate(sequences):
        length, count = len(one), len(one.learned)
        ids[row, :length], mask[row, :length] = one.ids, 1
        positions[row, :length] = np.concatenate([np.arange(part) for part in one.lengths])
        segments[row, :length] = np.repeat(np.arange(len(one.lengths)), one.lengths)
        asked[row, :count] = np.array(one.learned, np.int64) - 1
        words[row, :count] = [one.ids[place] for place in one.learned]
    arrays = {
        "input_ids": ids,
        "attention_mask": mask,
        "positions": positions,
        "segments": segments,
        "asked": asked,
    }
    return {name: torch.from_numpy(array) for name, array in arrays.items()}, {"words": torch.from_numpy(words)}
