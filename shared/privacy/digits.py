"""Numbers as people write them: groups of digits with separators between."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

#: Not within a longer word or number. Letters of other scripts may touch: Chinese has no spaces.
BEGIN = r"(?<![0-9A-Za-z_])"
END = r"(?![0-9A-Za-z_])"

_RUN = re.compile(rf"{BEGIN}\d+(?:[ .\-]{{1,3}}\d+)*{END}")
_GROUP = re.compile(r"\d+")

Group = tuple[int, int]
"""Start and end of a group of digits."""


def runs(text: str) -> Iterator[list[Group]]:
    """The groups of every run of digits that only blanks, dots and dashes part."""
    for run in _RUN.finditer(text):
        yield [(group.start() + run.start(), group.end() + run.start()) for group in _GROUP.finditer(run.group())]


def numbers(text: str, groups: Sequence[Group], most: int) -> Iterator[tuple[str, int, int]]:
    """Every number that neighbouring groups can mean, of at most ``most`` digits: the digits, and the groups' range.

    Longer ones come before the shorter ones that begin with the same group.
    """
    for first in range(len(groups)):
        found: list[tuple[str, int, int]] = []
        digits = ""
        for last in range(first, len(groups)):
            digits += text[slice(*groups[last])]
            if len(digits) > most:
                break
            found.append((digits, first, last + 1))
        yield from reversed(found)
