"""Which minutes an alert may be drawn from: not from those that nobody watched, nor from those that a clock told twice. Pure."""

from __future__ import annotations

from shared.telemetry.clock_jumps import ClockJumps

#: Seconds between two looks that were missed: what was not watched is no silence.
_GAP = 120.0


class Attention:
    """Since when every minute was watched, and until when minutes come a second time.

    Args:
        wall: Unix seconds.
        monotonic: Seconds that never jump.
    """

    def __init__(self, wall: float, monotonic: float) -> None:
        self._jumps = ClockJumps(wall, monotonic)
        self._looked_at = wall
        self.watched_since = wall
        """Unix seconds; what was missed before is no silence."""
        self.repeated_until = 0.0
        """Unix seconds; until then the clock tells minutes that it told before, and what came in both is no surge."""

    def look(self, wall: float, monotonic: float, *, cut_off: bool) -> bool:
        """Note a look; says whether the clock has jumped since the last one.

        Args:
            wall: Unix seconds.
            monotonic: Seconds that never jump.
            cut_off: Whether nothing can come in at present.
        """
        jumped = bool(self._jumps.look(wall, monotonic))
        if jumped and wall < self._looked_at:
            self.repeated_until = max(self.repeated_until, self._looked_at)
        if jumped or cut_off or wall - self._looked_at > _GAP:
            self.watched_since = wall
        return jumped

    def looked(self, wall: float) -> None:
        """Note that the look is over: all was judged."""
        self._looked_at = wall
