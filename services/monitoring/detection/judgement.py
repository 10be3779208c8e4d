"""What a rule says of each minute and window, before anybody decides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.monitoring.detection.series import Flags, Floats

#: Minutes of the windows that are looked at side by side: a great surge shows in the first, a small one in a later.
WINDOWS = (1, 2, 4, 8, 15, 30, 60, 120, 240)


@dataclass(frozen=True, slots=True)
class Judgement:
    """Figures by window and minute; arrays of shape ``[windows, minutes]``.

    Attributes:
        windows: Minutes of each window.
        looks: Independent looks a day at each window.
        probability: Of what was observed, or of more, were all as usual.
        observed: Count, share, or mean: what the rule is about.
        expected: The same as usual.
        volume: Texts in the window.
        matters: Enough texts, and far enough from the usual.
    """

    windows: tuple[int, ...]
    looks: tuple[float, ...]
    probability: Floats
    observed: Floats
    expected: Floats
    volume: Floats
    matters: Flags


def looks_a_day(window: int) -> float:
    """Windows that overlap by more than three quarters are one look."""
    return 1440.0 / max(1.0, window / 4.0)


def stacked(rows: list[tuple[Floats, Floats, Floats, Floats, Flags]], windows: tuple[int, ...]) -> Judgement:
    """A judgement of ``(probability, observed, expected, volume, matters)`` a window."""
    probability, observed, expected, volume, matters = (np.stack(column) for column in zip(*rows, strict=True))
    looks = tuple(looks_a_day(window) for window in windows)
    return Judgement(windows, looks, probability, observed, expected, volume, matters.astype(bool))
