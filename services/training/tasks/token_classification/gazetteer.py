"""The figure to beat: spans of the training rows, found again by their words."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from shared.rows.spans import Entity
from shared.tasks.token_classification.record import Row

#: Characters of a text that are looked at from one place: longer names are hardly met twice.
_LONGEST = 60

#: Where a name may begin or end: not amid letters of an alphabet that sets blanks between words.
_AMID = re.compile(r"[A-Za-z0-9_]")


def found_again(train: Sequence[Row], texts: Sequence[str]) -> list[tuple[Entity, ...]]:
    """The longest known name at each place, with the label that it has most often.

    Args:
        train: Rows whose spans are the names.
        texts: Where they are looked for.
    """
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in train:
        for entity in row.entities:
            counts[row.text[entity.start : entity.end]][entity.label] += 1
    names = {name: labels.most_common(1)[0][0] for name, labels in counts.items() if len(name) <= _LONGEST}
    longest = max(map(len, names), default=0)
    return [tuple(_in(text, names, longest)) for text in texts]


def _in(text: str, names: dict[str, str], longest: int) -> list[Entity]:
    found: list[Entity] = []
    place = 0
    while place < len(text):
        end = next(
            (end for end in range(min(place + longest, len(text)), place, -1) if _is(text, place, end, names)), 0
        )
        if end:
            found.append(Entity(place, end, names[text[place:end]]))
        place = end or place + 1
    return found


def _is(text: str, start: int, end: int, names: dict[str, str]) -> bool:
    return text[start:end] in names and not _joined(text, start) and not _joined(text, end)


def _joined(text: str, place: int) -> bool:
    """Whether a word goes on across a place."""
    return 0 < place < len(text) and bool(_AMID.match(text[place - 1]) and _AMID.match(text[place]))
