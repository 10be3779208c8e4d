"""Counts of one scope over time, dense."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.contracts.monitoring.alert_rules import ScopeKind

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

MINUTE = 60
HOUR = 3600


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """What is watched: a stream as a whole, an entity in it, or a topic of it."""

    stream: str
    kind: ScopeKind = "stream"
    name: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """The counts of one step; of near-duplicates the first alone.

    Attributes:
        start: Unix seconds, a multiple of the step.
        score: Sum of the scores (-1..1) of the texts.
    """

    start: int
    texts: int
    negative: int
    positive: int
    score: float


@dataclass(frozen=True, slots=True)
class Series:
    """Counts of consecutive steps; all arrays are of the same length.

    Attributes:
        start: Unix seconds at which the first step begins; a multiple of ``step``.
        step: Seconds.
    """

    start: int
    step: int
    texts: Floats
    negative: Floats
    positive: Floats
    score: Floats

    @classmethod
    def of(cls, steps: Iterable[Step], *, since: int, until: int, step: int) -> Series:
        """The steps that begin in ``[since, until)``; where none is given nothing came."""
        first = since // step * step
        size = max(0, -(-(until - first) // step))
        columns = np.zeros((4, size))
        for one in steps:
            at = (one.start - first) // step
            if 0 <= at < size:
                columns[:, at] += (one.texts, one.negative, one.positive, one.score)
        return cls(first, step, *columns)

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def end(self) -> int:
        """Unix seconds at which the last step ends."""
        return self.start + len(self) * self.step

    @property
    def starts(self) -> NDArray[np.int64]:
        """Unix seconds at which each step begins."""
        return self.start + self.step * np.arange(len(self), dtype=np.int64)

    def between(self, since: int, until: int) -> Series:
        """The steps that begin in ``[since, until)``."""
        low = min(max(0, -(-(since - self.start) // self.step)), len(self))
        high = min(max(low, -(-(until - self.start) // self.step)), len(self))
        cut = slice(low, high)
        return Series(
            self.start + low * self.step,
            self.step,
            self.texts[cut],
            self.negative[cut],
            self.positive[cut],
            self.score[cut],
        )

    def followed_by(self, later: Series) -> Series:
        """This and the steps of a series that begins where it ends."""
        pairs = (
            (self.texts, later.texts),
            (self.negative, later.negative),
            (self.positive, later.positive),
            (self.score, later.score),
        )
        return Series(self.start, self.step, *(np.concatenate(pair) for pair in pairs))

    def coarser(self, step: int) -> Series:
        """The same in longer steps; a step at either end that is not whole is left out."""
        ratio = step // self.step
        skipped = -(self.start // self.step) % ratio
        size = max(0, len(self) - skipped) // ratio
        cut = slice(skipped, skipped + size * ratio)
        texts, negative, positive, score = (
            column[cut].reshape(size, ratio).sum(axis=1)
            for column in (self.texts, self.negative, self.positive, self.score)
        )
        return Series(self.start + skipped * self.step, step, texts, negative, positive, score)

    def counted(self, sentiment: str | None) -> Floats:
        """How many texts came, of one sentiment or of any."""
        if sentiment is None:
            return self.texts
        return self.negative if sentiment == "negative" else self.positive


def trailing(values: Floats, window: int) -> Floats:
    """Sums of the last ``window`` values up to each, of fewer at the beginning."""
    total = np.concatenate(([0.0], np.cumsum(values)))
    at = np.arange(1, len(values) + 1)
    sums: Floats = total[at] - total[np.maximum(at - window, 0)]
    return sums


def weighted(values: Floats, weights: Floats, window: int) -> Floats:
    """Means of the last ``window`` values up to each, by weight; the last value itself where nothing weighs."""
    whole = trailing(weights, window)
    means: Floats = np.divide(trailing(values * weights, window), whole, out=values.copy(), where=whole > 0)
    return means
