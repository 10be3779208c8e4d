"""When a stream counts as turned sour. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

Verdict = Literal["fire", "resolve", "keep"]

#: An alert is resolved only when the share falls below this part of the threshold, so that it does not flap around it.
_HYSTERESIS = 0.8


@dataclass(frozen=True, slots=True)
class Window:
    """What a stream felt within the window.

    Attributes:
        negative: Negative texts.
        volume: All texts.
    """

    negative: int
    volume: int

    @property
    def share(self) -> float:
        """Share of negatives, 0..1; 0 for an empty window."""
        return self.negative / self.volume if self.volume else 0.0


@dataclass(frozen=True, slots=True)
class SurgeRule:
    """Fires when the share of negative texts reaches ``share`` and at least ``min_volume`` texts came.

    It is resolved when the share falls below 0.8 of that, or the window empties: texts that dwindle while they stay
    negative are no relief.
    """

    NAME: ClassVar[str] = "negative_share"

    window_seconds: int
    share: float
    min_volume: int

    def judge(self, window: Window, *, is_firing: bool) -> Verdict:
        """What to do about a stream."""
        if is_firing:
            is_over = window.volume == 0 or window.share < _HYSTERESIS * self.share
            return "resolve" if is_over else "keep"
        is_surge = window.volume >= self.min_volume and window.share >= self.share
        return "fire" if is_surge else "keep"
