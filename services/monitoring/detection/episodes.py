"""From looks to alerts: when one begins, when it is over, and what may not start it again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.monitoring.detection.judgement import Judgement
from services.monitoring.detection.series import Flags, Floats

#: An alert is over when nothing as improbable as this many times the level was seen ...
CALM = 20.0
#: ... for so many minutes.
CALM_MINUTES = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """Why an alert fires: the window that is most improbable beside its level.

    Attributes:
        minute: Position of the minute with which the window ends.
        window: Minutes.
    """

    minute: int
    window: int
    probability: float
    level: float
    observed: float
    expected: float
    volume: float


@dataclass(frozen=True, slots=True)
class Episode:
    """An alert from its first minute to the one that ended it; ``None`` while it lasts."""

    found: Finding
    end: int | None


def firing(judgement: Judgement, levels: Floats) -> Flags:
    """Which windows fire at which minute, shape ``[windows, minutes]``."""
    return judgement.matters & (judgement.probability <= levels)


def finding(judgement: Judgement, levels: Floats, minute: int, reach: int | None = None) -> Finding | None:
    """What fires at a minute, if anything does.

    Args:
        judgement: The figures.
        levels: From the budget.
        minute: Position.
        reach: Minutes to look back at most: a window that reaches into an alert that is over would raise it again.
    """
    fires = judgement.matters[:, minute] & (judgement.probability[:, minute] <= levels[:, 0])
    if reach is not None:
        fires = fires & (np.array(judgement.windows) <= reach)
    if not fires.any():
        return None
    beside = np.where(fires, judgement.probability[:, minute] / levels[:, 0], np.inf)
    best = int(beside.argmin())
    return Finding(
        minute,
        judgement.windows[best],
        float(judgement.probability[best, minute]),
        float(levels[best, 0]),
        float(judgement.observed[best, minute]),
        float(judgement.expected[best, minute]),
        float(judgement.volume[best, minute]),
    )


def is_calm(judgement: Judgement, levels: Floats, window: int, minute: int) -> bool:
    """Whether an alert that a window raised is over at a minute. Longer windows still hold the surge, and are not asked."""
    asked = [at for at, one in enumerate(judgement.windows) if one <= window]
    cut = slice(max(0, minute - CALM_MINUTES + 1), minute + 1)
    loud = judgement.matters[asked, cut] & (judgement.probability[asked, cut] <= CALM * levels[asked])
    return not loud.any()


def episodes(judgement: Judgement, levels: Floats, first: int = 0) -> list[Episode]:
    """All alerts of a stretch of time, from position ``first`` on."""
    fires: Flags = np.any(firing(judgement, levels), axis=0)
    found: list[Episode] = []
    minute, over = first, None
    while (minute := _next(fires, minute)) < len(fires):
        start = finding(judgement, levels, minute, None if over is None else minute - over)
        if start is None:
            minute += 1
            continue
        over = _end(judgement, levels, start)
        found.append(Episode(start, over))
        if over is None:
            break
        minute = over + 1
    return found


def _next(fires: Flags, minute: int) -> int:
    ahead = fires[minute:].nonzero()[0]
    return minute + int(ahead[0]) if len(ahead) else len(fires)


def _end(judgement: Judgement, levels: Floats, start: Finding) -> int | None:
    asked = [at for at, one in enumerate(judgement.windows) if one <= start.window]
    loud: Flags = np.any(judgement.matters[asked] & (judgement.probability[asked] <= CALM * levels[asked]), axis=0)
    quiet = 0
    for minute in range(start.minute + 1, len(loud)):
        quiet = 0 if loud[minute] else quiet + 1
        if quiet >= CALM_MINUTES:
            return minute
    return None
