"""A value as it stands in a message."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Found:
    """A value in the form that is kept, and the half-open span of characters that it was read from."""

    value: str
    start: int
    end: int

    def overlaps(self, others: Iterable[tuple[int, int]]) -> bool:
        """Whether it shares a character with one of the spans."""
        return any(start < self.end and self.start < end for start, end in others)


def distinct(found: Sequence[Found]) -> tuple[str, ...]:
    """The different values, in the order they were said."""
    return tuple(dict.fromkeys(one.value for one in found))
