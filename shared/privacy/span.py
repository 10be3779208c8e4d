"""A place in a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["account", "card", "email", "id", "phone"]


@dataclass(frozen=True, slots=True)
class Span:
    """The characters from ``start`` up to ``end``, which is the position after the last one."""

    start: int
    end: int
    kind: Kind

    def overlaps(self, other: Span) -> bool:
        """Whether the two share a character."""
        return self.start < other.end and other.start < self.end
