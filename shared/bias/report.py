"""Differences between answers to swapped rows, with bootstrap intervals."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

#: Samples drawn for an interval, and what lies outside of it on each side.
_SAMPLES, _TAIL = 1_000, 0.025


@dataclass(frozen=True, slots=True)
class Answered:
    """What is said of a row: the model's intent (or label), its sentiment score (-1..1) if it tells one, and the kind of a bot's answer if one is asked."""

    intent: str | None
    sentiment: float | None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """How a group is answered beside the first one of its dimension.

    Attributes:
        rows: Pairs compared.
        intent_changed: Share of them whose intent is another (0..1).
        sentiment_shift: Mean difference of the sentiment score (-2..2); ``None``: the model tells none.
        kind_changed: Share of them that a bot answers by another part of its policy (0..1); ``None``: no bot was asked.
    """

    dimension: str
    group: str
    rows: int
    intent_changed: Interval
    sentiment_shift: Interval | None
    kind_changed: Interval | None = None

    @property
    def surely(self) -> float:
        """What is surely different: the largest lower bound of the two shares and of the shift."""
        shift = self.sentiment_shift
        sure = 0.0 if shift is None or shift.low <= 0 <= shift.high else min(abs(shift.low), abs(shift.high))
        kind = 0.0 if self.kind_changed is None else self.kind_changed.low
        return max(self.intent_changed.low, sure, kind)


def differences(pairs: Iterable[tuple[str, str, Answered, Answered]], seed: int = 0) -> list[Difference]:
    """By dimension and group: pairs of answers before and after a swap."""
    grouped: dict[tuple[str, str], list[tuple[Answered, Answered]]] = defaultdict(list)
    for dimension, group, before, after in pairs:
        grouped[dimension, group].append((before, after))
    return [_difference(dimension, group, some, seed) for (dimension, group), some in grouped.items()]


def _difference(dimension: str, group: str, pairs: Sequence[tuple[Answered, Answered]], seed: int) -> Difference:
    changed = [float(before.intent != after.intent) for before, after in pairs]
    shifts = [
        after.sentiment - before.sentiment
        for before, after in pairs
        if before.sentiment is not None and after.sentiment is not None
    ]
    shift = bootstrapped(shifts, seed) if shifts else None
    kinds = [float(before.kind != after.kind) for before, after in pairs if before.kind is not None]
    kind = bootstrapped(kinds, seed) if kinds else None
    return Difference(dimension, group, len(pairs), bootstrapped(changed, seed), shift, kind)


def bootstrapped(values: Sequence[float], seed: int = 0) -> Interval:
    """The mean of values with its percentile interval: the same values always give the same."""
    draw = random.Random(seed)  # noqa: S311  # nobody gains from guessing it
    means = sorted(fmean(draw.choices(values, k=len(values))) for _ in range(_SAMPLES))
    low, high = means[int(_TAIL * _SAMPLES)], means[int((1 - _TAIL) * _SAMPLES) - 1]
    return Interval(fmean(values), low, high)
