"""What all signals come to: a straight line with a small bend, learned from what people chose next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from shared.tasks.recommendation.neighbours import Floats, Ints
from shared.tasks.recommendation.signals import COLUMNS, as_if_new

_HIDDEN = 16
_STEPS = 150
_RATE = 0.05
_DECAY = 1.0
_ROWS_AT_ONCE = 256

#: Items beside the right one that a ranker learns to put below it: the likeliest, and some by chance.
_LIKELY, _BY_CHANCE = 500, 300

#: Of the items, how many are taken for new; and how much such a choice counts beside the one that was made.
_NEW_ITEMS, _NEW_CHOICES = 0.1, 0.5


class Ranker(nn.Module):
    """Signals [n, COLUMNS] in, scores [n] out."""

    def __init__(self) -> None:
        super().__init__()
        self.line = nn.Linear(COLUMNS, 1)
        self.inner = nn.Linear(COLUMNS, _HIDDEN)
        self.outer = nn.Linear(_HIDDEN, 1, bias=False)
        for weight in (self.line.weight, self.line.bias, self.outer.weight):
            nn.init.zeros_(weight)

    def forward(self, signals: Tensor) -> Tensor:
        """The score of each item; only differences between those of one person have a meaning."""
        found: Tensor = (self.line(signals) + self.outer(torch.relu(self.inner(signals)))).squeeze(-1)
        return found


class Choice(NamedTuple):
    """Some of the items that somebody could have chosen next, the one that was chosen first.

    Attributes:
        signals: [m, COLUMNS].
        rarity: [m], how much the logarithm of each item's odds has to grow for those that were left out.
        weight: How much is learned of it.
    """

    signals: Floats
    rarity: Floats
    weight: float = 1.0


def choices_of(signals: Floats, right: int, allowed: Ints, chance: np.random.Generator) -> Iterator[Choice]:
    """What a ranker learns from one person: the choice as it was, and as it would have been of an item that is new.

    All that is chosen has been seen before, so that a ranker would learn to put what nobody has seen yet last. As in DropoutNet (Volkovs et al.
    2017), what people did with the right item is hidden, and with some others.

    Args:
        signals: [n, COLUMNS] of all items.
        right: The one that was chosen.
        allowed: Those that could have been.
        chance: Draws.
    """
    yield choice(signals, right, allowed, chance)
    others = allowed[allowed != right]
    hidden = chance.choice(others, round(_NEW_ITEMS * len(others)), replace=False)
    new = as_if_new(signals, np.concatenate([[right], hidden]).astype(np.int64))
    yield choice(new, right, allowed, chance)._replace(weight=_NEW_CHOICES)


def choice(signals: Floats, right: int, allowed: Ints, chance: np.random.Generator) -> Choice:
    """One choice; items left out are made up for by those drawn by chance.

    Args:
        signals: [n, COLUMNS] of all items.
        right: The one that was chosen.
        allowed: Those that could have been.
        chance: Draws.
    """
    others = allowed[allowed != right]
    likely = signals[others].clip(0, None).sum(axis=1)
    order = np.argsort(-likely, kind="stable")
    first, rest = others[order[:_LIKELY]], others[order[_LIKELY:]]
    drawn = chance.choice(rest, min(_BY_CHANCE, len(rest)), replace=False) if len(rest) else rest
    rarity = np.zeros(1 + len(first) + len(drawn), np.float32)
    if len(drawn):
        rarity[1 + len(first) :] = np.log(len(rest) / len(drawn))
    return Choice(signals[np.concatenate([[right], first, drawn]).astype(np.int64)], rarity)


def fit_ranker(choices: Iterable[Choice], seed: int) -> Ranker:
    """Learn to put what was chosen first; without any choice to learn from, what is popular comes first."""
    torch.manual_seed(seed)
    ranker, told = Ranker(), list(choices)
    if not told:
        with torch.no_grad():
            ranker.line.weight[0, 0] = 1.0
        return ranker.eval()
    width = max(len(one.rarity) for one in told)
    signals = np.zeros((len(told), width, COLUMNS), np.float32)
    rarity = np.full((len(told), width), -np.inf, np.float32)
    for row, one in enumerate(told):
        signals[row, : len(one.rarity)], rarity[row, : len(one.rarity)] = one.signals, one.rarity
    inputs, offsets = torch.from_numpy(signals), torch.from_numpy(rarity)
    weights = torch.tensor([one.weight for one in told])
    weights /= weights.sum()
    optimizer = torch.optim.AdamW(ranker.parameters(), lr=_RATE, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, _STEPS)
    for _ in range(_STEPS):
        optimizer.zero_grad()
        for start in range(0, len(told), _ROWS_AT_ONCE):
            piece = slice(start, start + _ROWS_AT_ONCE)
            scores = ranker(inputs[piece]) + offsets[piece]
            right = torch.zeros(len(scores), dtype=torch.long)
            lost = cross_entropy(scores, right, reduction="none")
            torch.autograd.backward((weights[piece] * lost).sum())
        optimizer.step()
        schedule.step()
    return ranker.eval()
