"""Rows as tensors: token ids, and labels aligned to the tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from services.training.fitting.batching import IGNORED, INPUTS
from services.training.models.text_encoder import TextEncoder
from services.training.tagging.tags import tag_columns
from services.training.tasks.nlu.labels import LabelSpace
from shared.contracts.chat.understanding import OUT_OF_SCOPE
from shared.tasks.nlu.row import Row

OUT_OF_SCOPE_ID = -1
"""The intent id of rows that belong to no intent."""


@dataclass(frozen=True, slots=True)
class Example:
    """One row as ids."""

    ids: tuple[int, ...]
    tags: tuple[int, ...]
    """As long as ``ids``; ``IGNORED`` at special tokens, and everywhere if the row's entities are not labelled."""
    intent: int
    """``IGNORED``, ``OUT_OF_SCOPE_ID`` or a column."""
    sentiment: int
    context: tuple[int, ...] = ()
    """What was said before, to be read behind ``ids``."""
    anchor: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)
    """[d], unit length: the base model's embedding of the text alone; training rows have it."""

    def __len__(self) -> int:
        return len(self.ids) + len(self.context)

    @property
    def tokens(self) -> tuple[int, ...]:
        """All ids."""
        return (*self.ids, *self.context)


def examples_of(encoder: TextEncoder, rows: Sequence[Row], labels: LabelSpace) -> list[Example]:
    """One example per row, in order. A label that the space does not hold counts as not labelled."""
    intents = {name: column for column, name in enumerate(labels.intents)} | {OUT_OF_SCOPE: OUT_OF_SCOPE_ID}
    sentiments = {name: column for column, name in enumerate(labels.sentiments)}
    tags = {name: column for column, name in enumerate(labels.tags)}
    encodings = encoder.tokens.encode([row.text for row in rows], [row.context for row in rows])
    return [
        Example(
            ids=tuple(encoded.ids[: len(encoded.ids) - encoded.context]),
            tags=tag_columns(encoded.offsets[: len(encoded.ids) - encoded.context], row.entities, tags),
            intent=intents.get(row.intent, IGNORED) if row.intent is not None else IGNORED,
            sentiment=sentiments.get(row.sentiment, IGNORED) if row.sentiment is not None else IGNORED,
            context=tuple(encoded.ids[len(encoded.ids) - encoded.context :]),
        )
        for row, encoded in zip(rows, encodings, strict=True)
    ]


def collate(chosen: Sequence[Example]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Inputs, and the targets ``tags`` [b, s], ``intents`` [b], ``sentiments`` [b], with ``anchors`` [b, d] where the examples have them."""
    shape = (len(chosen), max(len(example) for example in chosen))
    input_ids, mask, types, tags = (*(np.zeros(shape, np.int64) for _ in range(3)), np.full(shape, IGNORED))
    for row, example in enumerate(chosen):
        text, whole = len(example.ids), len(example)
        input_ids[row, :whole] = (*example.ids, *example.context)
        mask[row, :whole], types[row, text:whole], tags[row, :text] = 1, 1, example.tags
    inputs = dict(zip(INPUTS, map(torch.from_numpy, (input_ids, mask, types)), strict=True))
    targets = {
        "tags": torch.from_numpy(tags),
        "intents": torch.tensor([example.intent for example in chosen]),
        "sentiments": torch.tensor([example.sentiment for example in chosen]),
    }
    anchors = [example.anchor for example in chosen if example.anchor is not None]
    if anchors:
        targets["anchors"] = torch.from_numpy(np.stack(anchors))
    return inputs, targets
