"""Patterns that a bot file may give for values: regular expressions that cannot take for ever."""

from __future__ import annotations

import re

MAX_PATTERN = 200
#: Characters of a value that a pattern is tried on; with at most three open repetitions that bounds the work.
MAX_VALUE = 64
_MAX_OPEN_REPETITIONS = 3

_CLASSES_AND_ESCAPES = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_REPEATED_GROUP = re.compile(r"\)\s*(?:[*+]|\{)")
_OPEN_REPETITION = re.compile(r"[*+]|\{\d*,\}")


def check_pattern(pattern: str) -> None:
    """Refuse what is no regular expression, and what may need exponential or steep polynomial time.

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
    if len(_OPEN_REPETITION.findall(skeleton)) > _MAX_OPEN_REPETITIONS:
        raise ValueError(f"more than {_MAX_OPEN_REPETITIONS} open repetitions (*, +); use counts such as {{2,6}}")


def matches(pattern: str, value: str) -> bool:
    """Whether the whole value matches, letter case aside."""
    return len(value) <= MAX_VALUE and re.fullmatch(pattern, value, re.IGNORECASE) is not None
