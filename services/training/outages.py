"""When the database was away, as one process saw it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from shared.errors import Unavailable


class Outages:
    """Remembers the last outage. Times are unix seconds.

    Args:
        now: The database answers at this moment; what went before is not known.
    """

    def __init__(self, now: float) -> None:
        self._answered = self._back = now
        self._away = False
        self._began: float | None = None

    @contextmanager
    def noticed(self, now: float) -> Iterator[None]:
        """Learn from whether the transactions inside succeed.

        Raises:
            Unavailable: They did not.
        """
        try:
            yield
        except Unavailable:
            self._away = True
            raise
        if self._away:
            self._away, self._began, self._back = False, self._answered, now
        self._answered = now

    def over_for(self, now: float) -> float:
        """Seconds for which the database has answered, as far as we know."""
        return 0.0 if self._away else now - self._back

    def last(self) -> tuple[float, float] | None:
        """From when it may have been away until when it surely was back; ``None`` if no outage was seen."""
        return None if self._began is None else (self._began, self._back)
