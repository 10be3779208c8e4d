"""Texts that end an answer, found wherever they lie across tokens."""

from __future__ import annotations

from collections.abc import Sequence


class StopTexts:
    """Lets through what can be no part of a stop text any more, and nothing from where one begins.

    The answer is the same however its text is cut into tokens: it ends where the first stop text is complete.

    Args:
        stops: The texts; none is empty.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stops)
        self._withheld = ""
        self.found = False

    @property
    def withheld(self) -> str:
        """What may still become a stop text."""
        return self._withheld

    def add(self, text: str) -> str:
        """What may be shown now that ``text`` has come; ``found`` tells whether it was the last."""
        text = self._withheld + text
        end = self._end(text)
        if end is not None:
            self.found, self._withheld = True, ""
            return text[:end]
        kept = self._beginning(text)
        self._withheld = text[len(text) - kept :]
        return text[: len(text) - kept]

    def rest(self) -> str:
        """What was withheld, at the end of an answer that no stop text ended."""
        rest, self._withheld = self._withheld, ""
        return rest

    def _end(self, text: str) -> int | None:
        """Where the stop text begins that is complete first; of two that are complete at once, the longer."""
        found = [(start + len(stop), start) for stop in self._stops if (start := text.find(stop)) >= 0]
        return min(found)[1] if found else None

    def _beginning(self, text: str) -> int:
        """The length of the longest end of ``text`` that a stop text begins with."""
        longest = min(max(map(len, self._stops), default=1) - 1, len(text))
        ends = (size for size in range(longest, 0, -1) if any(stop.startswith(text[-size:]) for stop in self._stops))
        return next(ends, 0)
