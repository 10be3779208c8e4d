"""Which of the values in a text the customer wants: "not business, economy", "Friday, no, Saturday"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from shared.dialogue.values.found import Found

_SMALL = r"(?:\s{1,3}(?:the|a|an|any|on|in|at|from|to|for|with|my|this|want|like|need|be|it|as|go|fly|take|use|by|into)\b){0,4}"
_NEGATOR = re.compile(
    r"(?:\b(?<!why\s)(?<!if\s)(?<!whether\sor\s)not(?!\s{1,3}(?:only|just|sure|later|before|after|until|more|less|than|at\sall))|(?<=\w\s)no(?=\s+\Z)|(?<=,\s)no(?=\s+\Z)|\bnever|\bexcept(?:\s{1,3}for)?"
    r"|\b(?:anything|everything|all|any\sday)\s{1,3}but|\binstead\s{1,3}of|\brather\s{1,3}than|\bother\s{1,3}than|\bapart\s{1,3}from|\bwithout|\bneither|\bnor|\banymore"
    r"|\b(?:don|doesn|isn|wasn|won|can|couldn|wouldn|didn|aren)['’]?t|\bcannot|\bdislike|\bhate|\bavoid(?:ing)?)"
    rf"{_SMALL}\s{{0,3}}\Z"
    r"|(?:不要|不是|不想要?|不坐|不选|不用|不住|不去|别选?|除了|而不是|而非|并非|非)(?:坐|住|去|选|用|在|从|到|是)?\s{0,3}\Z",
    re.ASCII | re.IGNORECASE,
)
_OR = re.compile(
    r"\s{0,3}(?:or|nor|and|/|或者?|和|、)\s{0,3}(?:the|a|an|on|in|at|from|to)?\s{0,3}", re.ASCII | re.IGNORECASE
)
_AFTER = re.compile(
    r"(?:\s{1,3}(?:class|flight|one|seats?|tickets?))?\s{0,3}(?:does\s?n['’]?t|does\snot|do\s?n['’]?t|won['’]?t|will\snot|would\s?n['’]?t|is\s?n['’]?t|is\snot|can['’]?t|cannot)\s{1,3}"
    r"(?:work|do|possible|good|ok|okay|fine|right|suit|fit|be|correct)\b|\s{0,3}(?:is|was)\s{1,3}(?:wrong|out|too\s{1,3}(?:early|late)|impossible)\b"
    r"|\s{0,2}(?:不行|不可以|不对|不方便|不合适|就不)",
    re.ASCII | re.IGNORECASE,
)
_CORRECTION = re.compile(
    r"\b(?:no|nope|sorry|wait|actually|i\s{1,3}meant?|or\s{1,3}rather|make\s{1,3}(?:it|that)|correction|scratch\s{1,3}that|oops|pardon|but\s{1,3}now|changed?\s{1,3}(?:it\s{1,3})?to)\b"
    r"|不对|不是|应该是|改到|改成|改为|换成|我是说",
    re.ASCII | re.IGNORECASE,
)
_MOVE = re.compile(
    r"\b(?:mov(?:e|ed|ing)|chang(?:e|ed|ing)|shift(?:ed)?|reschedul(?:e|ed|ing)|postpon(?:e|ed|ing)|switch(?:ed)?|bring|push)\b[^.!?]{0,60}\bfrom\s{1,3}(?:the\s{1,3})?\Z",
    re.ASCII | re.IGNORECASE,
)
_TO = re.compile(r"(?:st|nd|rd|th)?\s{0,3}to\s{1,3}(?:the\s{1,3})?", re.ASCII | re.IGNORECASE)
#: Characters in front of a value that can bear on it.
_REACH = 60


def judged(text: str, found: Sequence[Found]) -> list[Found]:
    """The same values, in their order, with ``rejected`` set on those that the customer does not mean."""
    kept: list[Found] = []
    for one in found:
        before = kept[-1].end if kept else 0
        rejected = _refused(text, one, before) or _with_the_last(text, kept, one)
        kept.append(replace(one, rejected=rejected))
    for position in range(len(kept) - 1, 0, -1):
        if not kept[position].rejected and _replaces(text, kept[position - 1], kept[position]):
            return [replace(one, rejected=True) for one in kept[:position]] + kept[position:]
    return kept


def refuses(text: str) -> bool:
    """Whether an answer only says what is not meant: "not Berlin"."""
    start = re.match(r"\s{0,3}(?:\w{1,20}\s{1,3}){0,5}", text)
    return any(_NEGATOR.search(text[:end]) for end in _word_ends(text, start.end() if start else 0))


def _word_ends(text: str, limit: int) -> list[int]:
    return [match.end() for match in re.finditer(r"\w+\s{1,3}", text[:limit])]


def _refused(text: str, one: Found, before: int) -> bool:
    return bool(_NEGATOR.search(text, max(before, one.start - _REACH), one.start) or _AFTER.match(text, one.end))


def _with_the_last(text: str, kept: Sequence[Found], one: Found) -> bool:
    """Whether a refusal reaches on: "not on Monday or Tuesday" is both; but "not Monday, Tuesday" means Tuesday."""
    last = kept[-1] if kept else None
    return last is not None and last.rejected and _OR.fullmatch(text, last.end, one.start) is not None


def _replaces(text: str, earlier: Found, later: Found) -> bool:
    if _CORRECTION.search(text, earlier.end, later.start):
        return True
    return bool(
        _TO.fullmatch(text, earlier.end, later.start) and _MOVE.search(text, max(0, earlier.start - 90), earlier.start)
    )
