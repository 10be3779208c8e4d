"""Choices: one of a few values, by its name or a synonym, in any sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from shared.dialogue.values.found import Found
from shared.dialogue.values.polarity import is_ruled_out


def choices(text: str, offered: Mapping[str, Sequence[str]]) -> list[Found]:
    """Every choice that a message names, longest wording first where one holds another.

    What is ruled out is left out; where a single other choice remains, that one is meant: "not business" of economy and business.

    Args:
        text: The message.
        offered: Each value with its synonyms.
    """
    named = _named(text, offered)
    left = [one for one in named if not is_ruled_out(text, one.start)]
    if left or not named:
        return left
    ruled_out = {one.value for one in named}
    others = [value for value in offered if value not in ruled_out]
    return [Found(others[0], named[0].start, named[0].end)] if len(others) == 1 else []


def _named(text: str, offered: Mapping[str, Sequence[str]]) -> list[Found]:
    wordings = [(value, wording) for value, also in offered.items() for wording in (value, *also)]
    found: list[Found] = []
    for value, wording in sorted(wordings, key=lambda pair: -len(pair[1])):
        words = re.findall(r"[\w']+", wording)
        if not words:
            continue
        edges = (r"(?<!\w)", r"(?!\w)") if wording.isascii() else ("", "")
        pattern = edges[0] + r"[\W_]+".join(map(re.escape, words)) + edges[1]
        for match in re.finditer(pattern, text, re.IGNORECASE):
            one = Found(value, match.start(), match.end())
            if not one.overlaps((other.start, other.end) for other in found):
                found.append(one)
    return sorted(found, key=lambda one: one.start)
