"""What a reader finds: a value, where it stands, and how sure it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum


class Certainty(IntEnum):
    """How sure it is that a piece of text is a value of its kind."""

    ANSWER = 1
    """Only if it is all of the answer to the question: ``3``."""
    LIKELY = 2
    """If the question was for it, or the model says so: ``10432``, ``the 21st``."""
    PLAIN = 3
    """Wherever it stands: ``A-10432``, ``21 March``."""


@dataclass(frozen=True, slots=True)
class Found:
    """A value in a text.

    Attributes:
        value: In the form that is kept; empty for what only looks like a value, such as 31 February.
        start: First character of it.
        end: Behind its last character.
        rejected: The customer says that it is not this one.
    """

    value: str
    start: int
    end: int
    certainty: Certainty = Certainty.PLAIN
    rejected: bool = False

    def overlaps(self, start: int, end: int) -> bool:
        """Whether it shares a character with a half-open span."""
        return self.start < end and start < self.end

    def within(self, other: Found) -> bool:
        """Whether another one covers it."""
        return other.start <= self.start and self.end <= other.end

    def moved(self, by: int) -> Found:
        """The same in a text that has ``by`` characters more in front."""
        return replace(self, start=self.start + by, end=self.end + by)


def apart(found: Iterable[Found]) -> list[Found]:
    """Those that do not overlap, in their order in the text: of two that do the longer, then the surer, then the first."""
    found = sorted(found, key=lambda each: (each.start - each.end, -each.certainty, each.start))
    taken = bytearray(max((one.end for one in found), default=0))
    kept: list[Found] = []
    for one in found:
        if not any(taken[one.start : one.end]):
            taken[one.start : one.end] = b"\1" * (one.end - one.start)
            kept.append(one)
    return sorted(kept, key=lambda each: each.start)
