"""Days as customers write them, in English, in Chinese or as numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from shared.dialogue.values import chinese_days, english_days
from shared.dialogue.values.calendar import Calendar, day_of
from shared.dialogue.values.english_days import DAY, MONTH, YEAR, in_named_month
from shared.dialogue.values.found import Certainty, Found, apart

_FIRST = DAY.replace("day", "first", 1)
_JOINED = r"\s{0,3}(?:-|–|/|to|until|till|through|and|or|&|,)\s{0,3}(?:the\s{1,3})?"
#: Two days of one month: "between 5 and 7 December", "March 14-17", "the 3rd and 28th of next month", "12月3日到5日".
_PAIRS = tuple(
    re.compile(pattern, re.ASCII | re.IGNORECASE)
    for pattern in (
        rf"{_FIRST}{_JOINED}(?P<rest>{DAY.replace('.,:/-', '.,:/')}(?:\s{{1,3}}of\b)?\s{{1,3}}{MONTH}{YEAR})",
        rf"(?P<before>\b{MONTH}\s{{1,3}}{_FIRST}){_JOINED}(?P<rest>{DAY.replace('.,:/-', '.,:/')}){YEAR}(?!\s{{1,3}}{MONTH.replace('P<month>', ':', 1)})",
    )
)
_NEXT_MONTH_PAIR = re.compile(
    rf"{_FIRST}{_JOINED}(?P<rest>{DAY.replace('.,:/-', '.,:/')}\s{{1,3}}of\s{{1,3}}(?P<which>next|this|the)\s{{1,3}}month)\b",
    re.ASCII | re.IGNORECASE,
)
_CHINESE_PAIR = re.compile(
    r"(?P<before>(?:(?P<year>\d{4})年)?(?<!\d)(?P<month>\d{1,2})月(?P<first>\d{1,2})[日号]?)\s?(?:到|至|-|~|和|或者?|、)\s?(?P<rest>(?P<day>\d{1,2})[日号])",
    re.ASCII,
)


_RULES = (*english_days.RULES, *chinese_days.RULES)


def dates(text: str, calendar: Calendar) -> list[Found]:
    """Every day that a text names, as ``2026-03-14``; where two readings overlap, the longer one."""
    return [found for found in _named(text, calendar) if found.value]


def find(text: str, calendar: Calendar) -> date | None:
    """The first day that a text names, or ``None``."""
    found = dates(text, calendar)
    return date.fromisoformat(found[0].value) if found else None


def _named(text: str, calendar: Calendar) -> list[Found]:
    pairs = list(_pairs(text, calendar))
    rules = english_days.RULES if text.isascii() else _RULES
    single = [
        _found(read(calendar, match), *match.span(), certainty)
        for pattern, read, certainty in rules
        for match in pattern.finditer(text)
    ]
    return apart((*pairs, *(one for one in single if not any(one.overlaps(pair.start, pair.end) for pair in pairs))))


def _found(day: date | None, start: int, end: int, certainty: Certainty = Certainty.PLAIN) -> Found:
    return Found(day.isoformat() if day else "", start, end, certainty)


def _pairs(text: str, calendar: Calendar) -> Iterator[Found]:
    for match in (match for pattern in _PAIRS for match in pattern.finditer(text)):
        yield from _pair(match, *(in_named_month(calendar, match, int(match[key])) for key in ("first", "day")))
    for match in _NEXT_MONTH_PAIR.finditer(text):
        ahead = 1 if match["which"].lower() == "next" else 0
        yield from _pair(match, *(calendar.in_month(int(match[key]), ahead) for key in ("first", "day")))
    for match in _CHINESE_PAIR.finditer(text):
        yield from _pair(match, *(_chinese_day(calendar, match, int(match[key])) for key in ("first", "day")))


def _chinese_day(calendar: Calendar, match: re.Match[str], day: int) -> date | None:
    month = int(match["month"])
    return day_of(int(match["year"]), month, day) if match["year"] else calendar.nearest(day, month)


def _pair(match: re.Match[str], first: date | None, second: date | None) -> Iterator[Found]:
    if first is not None and second is not None:
        before = "before" if match.groupdict().get("before") else "first"
        yield _found(first, match.start(before), match.end(before))
        yield _found(second, match.start("rest"), match.end())
