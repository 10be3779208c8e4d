"""What is usual for a scope: all that its rules compare the present with."""

from __future__ import annotations

from dataclasses import dataclass

from services.monitoring.detection.mood import Mood, fit_mood
from services.monitoring.detection.seasons import Rates, history_of
from services.monitoring.detection.series import HOUR, Series

#: Seconds before the present that teach nothing: a surge must not make itself usual while it lasts.
GUARD = 2 * HOUR
#: How far back hours teach.
HISTORY_DAYS = 42
#: How far back minutes teach what bursts are usual.
BURST_DAYS = 2
#: Hours without which nothing is known yet.
LEARNING_HOURS = 24


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual for one scope.

    Attributes:
        rates: Counts by sentiment; ``None`` for all texts.
        mood: Share of negatives and mean score.
        hours: Whole hours since the scope was first heard of.
        history: Those hours.
    """

    rates: dict[str | None, Rates]
    mood: Mood
    hours: int
    history: Series

    @property
    def is_learning(self) -> bool:
        """Whether there is too little to compare with."""
        return self.hours < LEARNING_HOURS


def learn(hours: Series, minutes: Series | None = None) -> Usual:
    """Learn from whole hours, and from the recent minutes before the guard.

    Args:
        hours: The hours that may teach; leading ones without a text are before its time, and are left out.
        minutes: The last days by minute.
    """
    heard = hours.texts.nonzero()[0]
    known = hours.between(hours.start + int(heard[0]) * HOUR, hours.end) if len(heard) else hours.between(0, 0)
    rates = {sentiment: history_of(known, sentiment, minutes) for sentiment in (None, "negative", "positive")}
    return Usual(rates, fit_mood(known), len(known), known)
