"""Which of several values: the answer to "Which one: 5 December or 7 December?"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from shared.dialogue.turn import Turn
from shared.dialogue.values.words import in_words

_EARLIER = frozenset(("earlier", "earliest", "sooner", "soonest", "早", "早的", "早一点"))
_LATER = frozenset(("later", "latest", "晚", "晚的", "晚一点"))
#: What stands beside the words of a value: "I mean the 7th, please".
_BESIDE = re.compile(
    r"the|one|on|please|of|an?|i|take|meant?|option|it|is|make|that|then|let's|go|with|for|rather|th|st|nd|rd"
)
_ORDINAL = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th)\b", re.ASCII)


def chosen(turn: Turn, name: str, values: Sequence[str]) -> str | None:
    """The value that a message picks: by its place, as the earlier or later one, or by words that only one of them has."""
    control = turn.bot.control
    for signal, value in zip((control.first, control.second), values, strict=False):
        if turn.means(signal) and turn.words not in ("1", "2"):
            return value
    words = set(turn.words.split())
    if len(words & (_EARLIER | _LATER)) == 1:
        return min(values) if words & _EARLIER else max(values)
    return _by_words(turn, name, values) or dict(zip(("1", "2"), values, strict=False)).get(turn.words)


def listed(turn: Turn, name: str, values: Sequence[str]) -> str:
    """The values as a question shows them: ``5 December, 7 December or 9 December``."""
    shown = [turn.reader.shown(name, value) for value in values]
    return " or ".join((", ".join(shown[:-1]), shown[-1])) if len(shown) > 1 else "".join(shown)


def _by_words(turn: Turn, name: str, values: Sequence[str]) -> str | None:
    words = {word for word in _ORDINAL.sub(r"\1", turn.words).split() if not _BESIDE.fullmatch(word)}
    fitting = [value for value in values if words and words <= set(in_words(turn.reader.shown(name, value)).split())]
    return fitting[0] if len(fitting) == 1 else None
