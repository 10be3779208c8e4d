"""Histories as pairs of texts: what somebody chose, and what next."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from services.training.data.splitting import thinned
from services.training.fitting.batching import padded
from services.training.models.text_encoder import TextEncoder
from services.training.tasks.recommendation.hard_negatives import HardNegatives
from shared.tasks.recommendation.histories import History
from shared.tasks.recommendation.record import ItemRow

#: Pairs of one person that train, the last ones, so that nobody drowns the others out; and of all: more would only cost time.
_OF_ONE, _OF_ALL = 30, 8_000
#: Pairs that choose the weights.
_HELD_OUT = 1_000

HARD = False
"""Whether each right answer has a wrong one beside it that is hard to tell from it; see ``docs/recommendation-quality.md`` for what it does."""

Ids = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """A pair as ids; or one text, where ``texts`` is empty.

    Attributes:
        tokens: Of what was chosen.
        texts: Of what was chosen next, and, where one is known, of an item much like it that was not.
        share: The logarithm of how often that is what is chosen.
    """

    tokens: Ids
    texts: tuple[Ids, ...] = ()
    share: float = 0.0

    def __len__(self) -> int:
        return max(len(self.tokens), *(len(text) for text in self.texts)) if self.texts else len(self.tokens)


def examples_of(encoder: TextEncoder, rows: Sequence[History], _schema: None, *, hard: bool = HARD) -> list[Example]:
    """Of histories with a target the last item and the target; of others each item and the next."""
    held_out = any(row.target is not None for row in rows)
    pairs = [pair for row in rows for pair in _pairs(row, all_of_them=not held_out)]
    pairs = list(thinned(pairs, _HELD_OUT if held_out else _OF_ALL))
    counts = Counter(pair.second.item_id for pair in pairs)
    ids = _ids(encoder, [item for pair in pairs for item in (pair.first, pair.second)])
    wrong = HardNegatives(ids) if hard and pairs and not held_out else None
    return [
        Example(ids[pair.first.item_id], _answers(pair, ids, wrong), math.log(counts[pair.second.item_id] / len(pairs)))
        for pair in pairs
    ]


def _answers(pair: _Pair, ids: Mapping[str, Ids], wrong: HardNegatives | None) -> tuple[Ids, ...]:
    """The right one, and in training one that is hard to tell from it."""
    right = pair.second.item_id
    if wrong is None:
        return (ids[right],)
    history = {visit.item.item_id for visit in pair.row.visits}
    beside = wrong.beside(right, history, f"{pair.row.who} {pair.first.item_id} {right}")
    return (ids[right],) if beside is None else (ids[right], ids[beside])


def single_texts(encoder: TextEncoder, rows: Sequence[History]) -> list[Example]:
    """Every item of some histories, once."""
    items = {visit.item.item_id: visit.item for row in rows for visit in row.visits}
    return [Example(ids) for ids in _ids(encoder, list(items.values())).values()]


class _Pair(NamedTuple):
    """What somebody chose, and what next."""

    row: History
    first: ItemRow
    second: ItemRow


def _pairs(row: History, *, all_of_them: bool) -> list[_Pair]:
    if row.target is not None:
        return [_Pair(row, row.visits[-1].item, row.target.item)]
    if not all_of_them:
        return []
    items = [visit.item for visit in row.visits[-_OF_ONE - 1 :]]
    return [_Pair(row, first, second) for first, second in pairwise(items)]


def _ids(encoder: TextEncoder, items: Sequence[ItemRow]) -> dict[str, Ids]:
    texts = {item.item_id: item.text for item in items}
    encoded = encoder.tokens.encode(list(texts.values()))
    return {item_id: tuple(one.ids) for item_id, one in zip(texts, encoded, strict=True)}


def collate(chosen: Sequence[Example]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Inputs: the first texts'; ``next_ids``, ``next_mask`` [b, s] of the second; ``wrong_ids``, ``wrong_mask`` of what is hard to tell from it.

    The targets ``first`` and ``same`` [b] number the first and the second texts, equal ones alike, ``share`` [b] tells how common each is,
    and ``wrong`` [b] which have a hard one beside them.
    """
    inputs = padded([example.tokens for example in chosen])
    if not chosen[0].texts:
        return inputs, {}
    second = padded([example.texts[0] for example in chosen])
    targets = {
        "first": _numbered([example.tokens for example in chosen]),
        "same": _numbered([example.texts[0] for example in chosen]),
        "share": torch.tensor([example.share for example in chosen]),
    }
    inputs |= {"next_ids": second["input_ids"], "next_mask": second["attention_mask"]}
    if any(len(example.texts) > 1 for example in chosen):
        wrong = padded([example.texts[-1] for example in chosen])
        inputs |= {"wrong_ids": wrong["input_ids"], "wrong_mask": wrong["attention_mask"]}
        targets["wrong"] = torch.tensor([len(example.texts) > 1 for example in chosen])
    return inputs, targets


def _numbered(texts: Sequence[Ids]) -> Tensor:
    """Equal texts have the same number."""
    numbers: dict[Ids, int] = {}
    return torch.from_numpy(np.array([numbers.setdefault(text, len(numbers)) for text in texts]))
