"""Rows as the ids of a query and of the texts that it is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from services.training.fitting.batching import padded
from services.training.models.text_encoder import TextEncoder
from shared.rows.retrieval import RetrievalRow

#: Texts given with a row that it must not find, and that train it.
MAX_NEGATIVES = 4

Ids = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """One row as ids.

    Attributes:
        tokens: Of the query; or of any text that is only to be embedded.
        texts: What the query should find, then what it should not.
    """

    tokens: Ids
    texts: tuple[Ids, ...] = ()

    def __len__(self) -> int:
        return max(len(self.tokens), *(len(text) for text in self.texts)) if self.texts else len(self.tokens)


def examples_of(encoder: TextEncoder, rows: Sequence[RetrievalRow], _schema: None) -> list[Example]:
    """One example per row, in order; of a long text, the beginning."""
    texts = [text for row in rows for text in (row.query, row.positive, *row.negatives[:MAX_NEGATIVES])]
    ids = iter([tuple(encoded.ids) for encoded in encoder.tokens.encode(texts)])
    return [Example(next(ids), tuple(next(ids) for _ in range(1 + len(row.negatives[:MAX_NEGATIVES])))) for row in rows]


def single_texts(encoder: TextEncoder, rows: Sequence[RetrievalRow]) -> list[Example]:
    """Every text of some rows by itself."""
    texts = [text for row in rows for text in (row.query, row.positive)]
    return [Example(tuple(encoded.ids)) for encoded in encoder.tokens.encode(texts)]


def collate(chosen: Sequence[Example]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Inputs: the queries', and ``text_ids`` and ``text_mask`` [b, n, s] of what they are compared with, where there is any.

    The target ``same`` [b, n] names each text: equal ones, in whatever row, have the same number, and -1 stands where a row has fewer
    than n.
    """
    inputs = padded([example.tokens for example in chosen])
    most = max(len(example.texts) for example in chosen)
    if not most:
        return inputs, {}
    numbers: dict[Ids, int] = {}
    same = np.full((len(chosen), most), -1)
    longest = max(len(text) for example in chosen for text in example.texts)
    ids = np.zeros((len(chosen), most, longest), np.int64)
    mask = np.zeros_like(ids)
    mask[:, :, 0] = 1  # a text that is absent has one token, so that its mean is a number
    for row, example in enumerate(chosen):
        for place, text in enumerate(example.texts):
            ids[row, place, : len(text)], mask[row, place, : len(text)] = text, 1
            same[row, place] = numbers.setdefault(text, len(numbers))
    texts = {"text_ids": torch.from_numpy(ids), "text_mask": torch.from_numpy(mask)}
    return inputs | texts, {"same": torch.from_numpy(same)}
