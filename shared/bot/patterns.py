"""Patterns that a bot file may give for values: regular expressions that cannot take for ever."""

from __future__ import annotations

import re

MAX_PATTERN = 200
#: Characters of a value that a pattern is tried on.
MAX_VALUE = 64
#: Ways in which a pattern may be laid on a value; three open repetitions come to this.
MAX_WAYS = (MAX_VALUE + 1) ** 3

_CLASSES_AND_ESCAPES = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_REPEATED_GROUP = re.compile(r"\)\s*(?:[*+]|\{)")
_TOKEN = re.compile(
    r"(?P<open>\((?:\?(?:[:=!>]|<[=!]|P<\w+>))?)|(?P<close>\))|(?P<bar>\|)"
    r"|(?P<times>[*+?]|\{(?P<low>\d*),(?P<high>\d*)\})[?+]?"
)


def check_pattern(pattern: str, *, characters: int = MAX_VALUE, most: int = MAX_WAYS) -> None:
    """Refuse what is no regular expression, and what may need exponential or steep polynomial time.

    Args:
        pattern: The regular expression.
        characters: The longest text that it is tried on.
        most: Ways in which it may be laid on that text, from one place.

    Raises:
        ValueError: Says what is wrong and what to write instead.
    """
    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"the pattern is longer than {MAX_PATTERN} characters")
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"not a regular expression: {error}") from None
    skeleton = _CLASSES_AND_ESCAPES.sub("x", pattern)
    if _REPEATED_GROUP.search(skeleton):
        raise ValueError(
            "a repeated group such as (a+)+ can take for ever; repeat single characters or classes instead"
        )
    if _ways(skeleton, characters) > most:
        raise ValueError(
            "too many open repetitions (*, +), choices (?, |) or wide counts after each other, which together can take for "
            "ever; use fewer, or narrow counts such as {2,6}"
        )


def _ways(skeleton: str, characters: int) -> int:
    """How many ways there are at most to lay a pattern without repeated groups on a text: what follows each other multiplies."""
    branches = [[1]]  # of each open group, the ways of each of its alternatives
    for token in _TOKEN.finditer(skeleton):
        if token["open"]:
            branches.append([1])
        elif token["bar"]:
            branches[-1].append(1)
        elif token["close"]:
            inner = sum(branches.pop())
            branches[-1][-1] *= inner
        else:
            branches[-1][-1] *= _counts(token, characters)
    return sum(branches[0])


def _counts(token: re.Match[str], characters: int) -> int:
    """How many counts a repetition may have."""
    if token["times"] == "?":
        return 2
    low, high = int(token["low"] or 0), int(token["high"] or characters)
    return max(1, min(high, characters) - low + 1)


def matches(pattern: str, value: str) -> bool:
    """Whether the whole value matches, letter case aside."""
    return len(value) <= MAX_VALUE and re.fullmatch(pattern, value, re.IGNORECASE) is not None
