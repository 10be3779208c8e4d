"""What to make of texts that claim to come from the future. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from shared.contracts.monitoring.sentiment import Observation

#: Seconds by which the clock of another host may be ahead of ours.
TOLERANCE = 60.0


def corrected(observations: Iterable[Observation], now: float) -> list[Observation]:
    """The observations, those from further ahead than ``TOLERANCE`` moved to ``now``: a wrong clock would hide them."""
    return [
        item if item.occurred_at <= now + TOLERANCE else item.model_copy(update={"occurred_at": now})
        for item in observations
    ]
