"""Whether the clock of this machine was set, or the machine slept: time of day against time passed. Pure."""

from __future__ import annotations

#: Seconds of difference between two looks that no time server makes in peace.
JUMP_SECONDS = 5.0


class ClockJumps:
    """Compares two clocks at every look.

    Args:
        wall: Unix seconds now.
        monotonic: Seconds of a clock that is never set.
    """

    def __init__(self, wall: float, monotonic: float) -> None:
        self._wall = wall
        self._monotonic = monotonic

    def look(self, wall: float, monotonic: float) -> float:
        """By how many seconds the clock was set since the last look; 0 if it runs as it should."""
        jumped = (wall - self._wall) - (monotonic - self._monotonic)
        self._wall, self._monotonic = wall, monotonic
        return jumped if abs(jumped) > JUMP_SECONDS else 0.0
