"""Choices: the values of a bot file, each with its other wordings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from shared.dialogue.values.found import Found
from shared.dialogue.values.words import in_words

#: From here on scripts that set no blanks between words.
_CHINESE = "\u2e80"
_LETTER = r"[^\W\u2e80-\U0003ffff]"


def choices(text: str, known: Mapping[str, Sequence[str]]) -> list[Found]:
    """Every choice that a text names, the longest wording first; whole words, save in Chinese, which sets no blanks."""
    wordings = tuple((in_words(wording), value) for value, also in known.items() for wording in (value, *also))
    values = dict(reversed(wordings))
    pattern = _pattern(tuple(sorted((wording for wording in values if wording), key=lambda each: (-len(each), each))))
    if pattern is None:
        return []
    return [
        Found(value, *match.span()) for match in pattern.finditer(text) if (value := values.get(in_words(match[0])))
    ]


@lru_cache(maxsize=256)
def _pattern(wordings: tuple[str, ...]) -> re.Pattern[str] | None:
    """One pattern for all wordings; kept, since every turn of a bot needs the same few."""
    return re.compile("|".join(map(_wording, wordings)), re.IGNORECASE) if wordings else None


def _wording(wording: str) -> str:
    words = r"[^\w']{1,5}".join(re.escape(word).replace("'", "['’]") for word in wording.split())
    before = rf"(?<!{_LETTER})" if wording[0] < _CHINESE else ""
    return before + words + (rf"(?!{_LETTER})" if wording[-1] < _CHINESE else "")
