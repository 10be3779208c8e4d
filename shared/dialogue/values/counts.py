"""How many of something: "two tickets", "the 3 of us", 两个人."""

from __future__ import annotations

import re
from collections.abc import Callable

from shared.dialogue.values.found import Certainty, Found, apart
from shared.dialogue.values.numerals import CHINESE, SMALL, whole
from shared.dialogue.values.words import stands_alone

_PEOPLE = r"(?:people|persons?|adults?|grown-?ups?|children|child|kids?|infants?|bab(?:y|ies)|toddlers?|seniors?|travell?ers?|passengers?|guests?|pax|men|man|women|woman|students?|friends)"
_COUNT = rf"(?P<count>{SMALL})"
_GROUP = rf"(?<![\w.,:/#-]){_COUNT}\s{{1,3}}(?:(?:more|other|young|small|little)\s{{1,3}})?{_PEOPLE}\b"
_CHINESE_COUNT = rf"(?P<count>\d{{1,3}}|{CHINESE})"
_ADDED = re.compile(r"\s{0,3}(?:,|and|plus|\+|&|with|和|、)?\s{0,3}(?:and\s{1,3})?", re.ASCII | re.IGNORECASE)
_THINGS = r"(?!(?:of|to|or|and|in|on|at|for|is|it|i|we|am|pm|a|the|th|st|nd|rd|past|o|was|if|day|days|percent|per|hundred|thousand|million|k)\b)"

_Fixed = Callable[[re.Match[str]], int | None]


def _counted(match: re.Match[str]) -> int | None:
    return whole(match["count"])


_PLAIN, _LIKELY = Certainty.PLAIN, Certainty.LIKELY
_RULES: tuple[tuple[re.Pattern[str], _Fixed, Certainty], ...] = tuple(
    (re.compile(pattern, re.ASCII | re.IGNORECASE), read, certainty)
    for pattern, read, certainty in (
        (rf"\b(?:the\s{{1,3}})?(?P<count>{SMALL})\s{{1,3}}of\s{{1,3}}us\b", _counted, _PLAIN),
        (
            r"\bboth\s{1,3}of\s{1,3}us\b|\b(?:me|myself)\s{1,3}and\s{1,3}my\s{1,3}(?:wife|husband|partner|girlfriend|boyfriend|son|daughter|mother|father|mum|mom|dad|friend|sister|brother)\b|\bmy\s{1,3}(?:wife|husband|partner|girlfriend|boyfriend|son|daughter|friend)\s{1,3}and\s{1,3}(?:me|i|myself)\b|我们俩|咱俩",
            lambda _match: 2,
            _PLAIN,
        ),
        (
            r"\b(?:just|only)\s{1,3}(?:for\s{1,3})?(?:me|myself|one)\b|\bby\s{1,3}myself\b|\balone\b|(?:就|只有)我(?:一个人)?",
            lambda _match: 1,
            _LIKELY,
        ),
        (
            r"\b(?:a\s{1,3}couple|the\s{1,3}two\s{1,3}of\s{1,3}them|both)\b(?!\s{1,3}of)",
            lambda _match: 2,
            Certainty.ANSWER,
        ),
        (rf"\b(?:family|party|group|table)\s{{1,3}}of\s{{1,3}}{_COUNT}\b", _counted, _PLAIN),
        (
            rf"{_CHINESE_COUNT}\s?(?:个|位|名)?\s?(?:大人|成人|小孩|孩子|儿童|老人|乘客|旅客|客人|人(?![民次们]))",
            _counted,
            _PLAIN,
        ),
        (rf"{_CHINESE_COUNT}\s?位(?!数)", _counted, _PLAIN),
        (
            rf"(?<![第\d]){_CHINESE_COUNT}\s?(?:张|件|份|间|只|台|个(?!月|小时|钟|半|星期|礼拜|周)|双|本|瓶|箱|包|盒|套|辆)",
            _counted,
            _LIKELY,
        ),
        (rf"(?<![\w.,:/#$€£-]){_COUNT}\s{{1,3}}{_THINGS}(?P<thing>[a-z]{{2,20}})\b(?!\s{{0,1}}\d)", _counted, _LIKELY),
        (r"(?<![\w.,:/#$€£-])(?P<count>\d{1,3})\s?(?:x|×)(?!\w)", _counted, _LIKELY),
    )
)
_PEOPLE_GROUP = re.compile(_GROUP, re.ASCII | re.IGNORECASE)
_BARE = re.compile(rf"(?<![\w.,:/#$€£-])(?P<count>\d{{1,4}}|{SMALL})(?![\w,:/%-]|\.\d)", re.ASCII | re.IGNORECASE)


def counts(text: str) -> list[Found]:
    """Every count in a text; groups of people beside each other are added up: "2 adults and a child" is 3."""
    found = [
        Found(str(count), *match.span(), certainty)
        for pattern, read, certainty in _RULES
        for match in pattern.finditer(text)
        if (count := read(match)) is not None and not _article(match)
    ]
    bare = [
        Found(str(whole(match["count"])), *match.span(), Certainty.ANSWER)
        for match in _BARE.finditer(text)
        if stands_alone(text, *match.span()) and whole(match["count"]) is not None and not _article(match)
    ]
    return apart((*_people(text), *found, *bare))


def _article(match: re.Match[str]) -> bool:
    """Whether the number is only an article: "a ticket" tells no number, "a dozen" does."""
    return (match.groupdict().get("count") or "").lower() in ("a", "an")


def _people(text: str) -> list[Found]:
    groups: list[Found] = []
    total = 0
    for match in _PEOPLE_GROUP.finditer(text):
        count = whole(match["count"]) or 0
        if groups and _ADDED.fullmatch(text, groups[-1].end, match.start()):
            total += count
            groups[-1] = Found(str(total), groups[-1].start, match.end())
        else:
            total = count
            groups.append(Found(str(total), *match.span()))
    return groups
