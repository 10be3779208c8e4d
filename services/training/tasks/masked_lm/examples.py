"""Texts as token ids, some of them hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from services.training.fitting.batching import IGNORED, padded
from services.training.models.text_encoder import TextEncoder
from shared.errors import TrainingFailed
from shared.rows.text import TextRow
from shared.tasks.masked_lm.reader import mask_of

#: Share of the tokens that are asked for; of these so many are hidden, and of the others half are replaced and half stay.
ASKED = 0.15
HIDDEN = 0.8
REPLACED = 0.1


@dataclass(frozen=True, slots=True)
class Example:
    """One text, or a part of a long one, as ids.

    Attributes:
        ids: Its tokens, special ones included.
        ordinary: Which of them are words that may be asked for.
        mask: The token that hides a word.
        shown: The tokens as the model reads them.
        places: Which of them are asked for.
    """

    ids: tuple[int, ...]
    ordinary: tuple[int, ...]
    mask: int
    shown: tuple[int, ...]
    places: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def tokens(self) -> tuple[int, ...]:
        """Every id that the model may read."""
        return (*self.ids, self.mask)


def examples_of(encoder: TextEncoder, rows: Sequence[TextRow], _schema: None) -> list[Example]:
    """The texts, long ones in windows, each with tokens hidden that its own words choose: the same for every model.

    Raises:
        TrainingFailed: The tokenizer has no token to hide a word by.
    """
    mask = mask_of(encoder.tokenizer.get_vocab())
    if mask is None:
        raise TrainingFailed(
            "The tokenizer of the base model has no [MASK] token. Choose a BERT-like base model, or model 'scratch'.",
            param="model",
        )
    found = []
    for windows in encoder.tokens.windows([row.text for row in rows]):
        for window in windows:
            ids = tuple(window.ids)
            ordinary = tuple(place for place, (start, end) in enumerate(window.offsets) if end > start)
            if ordinary:
                plain = Example(ids, ordinary, mask, ids)
                found.append(hidden(plain, np.random.default_rng(ids), np.empty(0, np.int64)))
    return found


def hidden_anew(examples: Sequence[Example], chance: np.random.Generator) -> Sequence[Example]:
    """Other tokens hidden in every epoch (Liu et al. 2019, arXiv:1907.11692)."""
    words = np.unique(np.concatenate([np.array(example.ids) for example in examples]))
    return [hidden(example, chance, words) for example in examples]


def hidden(example: Example, chance: np.random.Generator, words: np.ndarray) -> Example:
    """The text with some tokens asked for: most are hidden, some replaced by another word, some stay as they are.

    Args:
        example: The text.
        chance: Where the choices come from.
        words: What may replace a token; none: all that are asked for are hidden.
    """
    count = max(1, round(ASKED * len(example.ordinary)))
    places = chance.choice(np.array(example.ordinary), size=min(count, len(example.ordinary)), replace=False)
    shown = list(example.ids)
    draws = chance.random(len(places))
    for place, draw in zip(places.tolist(), draws.tolist(), strict=True):
        if draw < HIDDEN or not len(words):
            shown[place] = example.mask
        elif draw < HIDDEN + REPLACED:
            shown[place] = int(words[chance.integers(len(words))])
    return replace(example, shown=tuple(shown), places=tuple(sorted(places.tolist())))


def collate(chosen: Sequence[Example]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Inputs, with ``asked`` [b, m]: the places asked for, padded with 0; and the target ``words`` [b, m], ``IGNORED`` where padded."""
    most = max(1, *(len(example.places) for example in chosen))
    asked = np.zeros((len(chosen), most), np.int64)
    words = np.full((len(chosen), most), IGNORED)
    for row, example in enumerate(chosen):
        count = len(example.places)
        asked[row, :count] = example.places
        words[row, :count] = [example.ids[place] for place in example.places]
    inputs = padded([example.shown for example in chosen])
    return inputs | {"asked": torch.from_numpy(asked)}, {"words": torch.from_numpy(words)}
