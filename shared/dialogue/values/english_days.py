"""Days in English words and in numbers: the patterns, and what each means on a calendar."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from shared.dialogue.values.calendar import MONTHS, WEEKDAYS, Calendar, day_of, moved
from shared.dialogue.values.found import Certainty
from shared.dialogue.values.numerals import ENGLISH, whole

Read = Callable[[Calendar, re.Match[str]], date | None]
Rule = tuple[re.Pattern[str], Read, Certainty]

_RELATIVE = {"yesterday": -1, "last night": -1, "tomorrow": 1, "tmrw": 1, "tmr": 1, "overmorrow": 2}
_UNIT_DAYS = {"day": 1, "week": 7, "fortnight": 14}
_FEASTS = {
    **dict.fromkeys(("christmas", "christmas day", "xmas"), (25, 12)),
    "christmas eve": (24, 12),
    "boxing day": (26, 12),
    **dict.fromkeys(("new year's eve", "new years eve", "nye"), (31, 12)),
    **dict.fromkeys(("new year's day", "new years day"), (1, 1)),
    **dict.fromkeys(("valentine's day", "valentines day"), (14, 2)),
}

MONTH = rf"(?P<month>{'|'.join(f'{name[:3]}(?:{name[3:]})?' for name in MONTHS)}|sept)\b\.?"
DAY = r"(?<![\d.,:/-])(?P<day>\d{1,2})(?:st|nd|rd|th)?\b(?![:/]\d)"
YEAR = r"(?:,?\s{1,3}(?P<year>(?:19|20|21)\d\d)\b)?"
_ORDINAL = r"(?<![\w.,:/-])(?P<day>\d{1,2})(?:st|nd|rd|th)\b"
_COUNT = rf"(?P<count>\d{{1,3}}|an?|{ENGLISH})"
_SPAN_UNIT = r"(?P<unit>day|week|fortnight|month|year)s?"
_WHICH = r"(?P<which>next|this|coming|last|past)"
_LONG = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_SHORT = r"(?:mon|tues?|thu(?:rs?)?|fri)"
#: Words of their own: "the sun is shining", "we sat down", "they wed". Weekdays only where something says so.
_SHORT_WORDS = r"(?:sun|sat|wed)"
WEEKDAY = rf"(?P<weekday>{_LONG}|{_SHORT}|{_SHORT_WORDS})\b\.?"
_BEFORE_DAY = rf"(?:\b(?:{_LONG}|{_SHORT}|{_SHORT_WORDS})\b\.?,?\s{{1,3}})?(?:\bthe\s{{1,3}})?"
_PART_OF_DAY = r"(?:\s{1,3}(?:morning|afternoon|evening|night|noon)\b)?"
#: What an ordinal may count instead of days.
_COUNTED = r"(?!\s{1,3}(?:time|one|floor|item|order|class|party|person|place|option|parcel|message|street|ave|avenue|of\s{1,3}(?:us|them|my|our)\b))"


def number_of(name: str, names: tuple[str, ...]) -> int:
    """Where a name, or the beginning of one, stands among names."""
    return next(number for number, full in enumerate(names) if full.lower().startswith(name[:3].lower()))


def _iso(_calendar: Calendar, match: re.Match[str]) -> date | None:
    return day_of(int(match["year"]), int(match["month"]), int(match["day"]))


def _numeric(calendar: Calendar, match: re.Match[str]) -> date | None:
    first, second = int(match["a"]), int(match["b"])
    day, month = (first, second) if calendar.day_first else (second, first)
    if month > 12:
        day, month = month, day
    if not match["year"]:
        return calendar.nearest(day, month)
    year = int(match["year"])
    return day_of(year if year > 99 else 2000 + year, month, day)


def dotted(calendar: Calendar, match: re.Match[str]) -> date | None:
    """12.5. and the like, the day first wherever dots are used."""
    return calendar.nearest(int(match["a"]), int(match["b"]))


def named_month(calendar: Calendar, match: re.Match[str]) -> date | None:
    """A day of a month by name."""
    return in_named_month(calendar, match, int(match["day"]))


def in_named_month(calendar: Calendar, match: re.Match[str], day: int) -> date | None:
    """A day of the match's month, and of its year if it has one."""
    month = number_of(match["month"], MONTHS) + 1
    return day_of(int(match["year"]), month, day) if match["year"] else calendar.nearest(day, month)


def _day_of_month(calendar: Calendar, match: re.Match[str]) -> date | None:
    return calendar.nearest_in_month(int(match["day"]))


def _day_of_next_month(calendar: Calendar, match: re.Match[str]) -> date | None:
    day = match.groupdict().get("day")
    return calendar.in_month(int(day) if day else 1, _ahead(match))


def _ahead(match: re.Match[str]) -> int:
    return {"next": 1, "last": -1}.get((match["which"] or "").lower(), 0)


def _end(calendar: Calendar, match: re.Match[str]) -> date | None:
    if match["unit"].lower() == "month":
        return calendar.in_month(0, _ahead(match))
    return day_of(calendar.today.year + _ahead(match), 12, 31)


def _end_of_month(calendar: Calendar, match: re.Match[str]) -> date | None:
    month = number_of(match["month"], MONTHS) + 1
    ahead = (month - calendar.today.month) % 12 - (12 if calendar.past else 0)
    return calendar.in_month(0, ahead)


def _relative(calendar: Calendar, match: re.Match[str]) -> date | None:
    word = match[0].lower()
    if word.startswith("day"):
        return calendar.after(2 if word.endswith("tomorrow") else -2)
    return calendar.after(next((days for name, days in _RELATIVE.items() if word.startswith(name)), 0))


def _counted(calendar: Calendar, match: re.Match[str]) -> date | None:
    count, unit = whole(match["count"]), match["unit"].lower()
    if count is None:
        return None
    if match["ago"]:
        count = -count
    if unit in _UNIT_DAYS:
        return calendar.after(count * _UNIT_DAYS[unit])
    return calendar.after_months(count * (12 if unit == "year" else 1))


def _counted_from(calendar: Calendar, match: re.Match[str]) -> date | None:
    word = match["from"].lower()
    start = (
        calendar.after({"today": 0, "now": 0, "tomorrow": 1}[word]) if word in ("today", "now", "tomorrow") else None
    )
    start = start or calendar.weekday(number_of(word, WEEKDAYS))
    count = whole(match["count"])
    return None if start is None or count is None else moved(start, count * _UNIT_DAYS[match["unit"].lower()])


def _weekday(calendar: Calendar, match: re.Match[str]) -> date | None:
    which = (match.groupdict().get("which") or "").lower()
    which = {"past": "last", "coming": ""}.get(which, which)
    return calendar.weekday(number_of(match["weekday"], WEEKDAYS), which)


def _weekday_of_week(calendar: Calendar, match: re.Match[str]) -> date | None:
    return calendar.in_week(number_of(match["weekday"], WEEKDAYS), _ahead(match))


def _weekday_after_next(calendar: Calendar, match: re.Match[str]) -> date | None:
    first = calendar.weekday(number_of(match["weekday"], WEEKDAYS))
    return None if first is None else moved(first, 7)


def _weekend(calendar: Calendar, match: re.Match[str]) -> date | None:
    return calendar.in_week(5, _ahead(match))


def _feast(calendar: Calendar, match: re.Match[str]) -> date | None:
    day, month = _FEASTS[match[0].lower().replace("’", "'")]
    return calendar.nearest(day, month)


def none(_calendar: Calendar, _match: re.Match[str]) -> date | None:
    """No day, but the text is taken: nothing shorter in it may be read."""
    return None


_PLAIN, _LIKELY = Certainty.PLAIN, Certainty.LIKELY
_PATTERNS: tuple[tuple[str, Read, Certainty], ...] = (
    (r"(?<![\w-])(?P<year>\d{4})(?P<dot>[-/.])(?P<month>\d{1,2})(?P=dot)(?P<day>\d{1,2})(?![\w-])", _iso, _PLAIN),
    (
        r"(?<![\w/.-])(?P<a>\d{1,2})(?P<dot>[/.-])(?P<b>\d{1,2})(?P=dot)(?P<year>\d{4}|\d{2})(?![\w/-])",
        _numeric,
        _PLAIN,
    ),
    (r"(?<![\w/.-])(?!24/7|50/50)(?P<a>\d{1,2})/(?P<b>\d{1,2})(?P<year>)(?![\w/])", _numeric, _LIKELY),
    (r"(?<![\w/.-])(?P<a>\d{1,2})\.\s?(?P<b>\d{1,2})\.(?!\w)", dotted, _LIKELY),
    (rf"{_BEFORE_DAY}{DAY}(?:\s{{1,3}}of\b)?[\s-]{{0,3}}(?<!\d){MONTH}{YEAR}", named_month, _PLAIN),
    (
        rf"(?:\b(?:{_LONG}|{_SHORT}|{_SHORT_WORDS})\b\.?,?\s{{1,3}})?\b{MONTH}\s{{1,3}}(?:the\s{{1,3}})?{DAY}{YEAR}",
        named_month,
        _PLAIN,
    ),
    (rf"\b(?:on|by|until|till|before|after|from)\s{{1,3}}the\s{{1,3}}{_ORDINAL}{_COUNTED}", _day_of_month, _PLAIN),
    (rf"\b{WEEKDAY},?\s{{1,3}}(?:the\s{{1,3}})?{_ORDINAL}", _day_of_month, _PLAIN),
    (rf"(?:\bthe\s{{1,3}})?{_ORDINAL}{_COUNTED}", _day_of_month, _LIKELY),
    (r"\bon\s{1,3}the\s{1,3}(?P<day>\d{1,2})\b(?!\s{1,3}\w|[:/.]\d)", _day_of_month, _LIKELY),
    (
        rf"(?:\bthe\s{{1,3}})?{_ORDINAL}\s{{1,3}}of\s{{1,3}}(?:(?P<which>next|this|last)|the)\s{{1,3}}month\b",
        _day_of_next_month,
        _PLAIN,
    ),
    (r"\b(?:the\s{1,3})?first\s{1,3}(?:day\s{1,3})?of\s{1,3}(?P<which>next)\s{1,3}month\b", _day_of_next_month, _PLAIN),
    (
        r"\b(?:the\s{1,3})?(?:end|last\s{1,3}day)\s{1,3}of\s{1,3}(?:the\s{1,3}|(?P<which>next|this|last)\s{1,3})?(?P<unit>month|year)\b",
        _end,
        _PLAIN,
    ),
    (rf"\b(?:the\s{{1,3}})?(?:end|last\s{{1,3}}day)\s{{1,3}}of\s{{1,3}}{MONTH}", _end_of_month, _PLAIN),
    (
        r"\b(?:end|beginning|start|middle|rest|course)\s{1,3}of\s{1,3}(?:(?:next|this|last|the)\s{1,3})?week\b",
        none,
        _PLAIN,
    ),
    (r"\bday\s{1,3}(?:after\s{1,3}tomorrow|before\s{1,3}yesterday)\b", _relative, _PLAIN),
    (
        rf"\b(?:today|tomorrow|tmrw|tmr|overmorrow|yesterday)\b{_PART_OF_DAY}(?!['’]s\s{{1,3}}(?:price|offer|rate))",
        _relative,
        _PLAIN,
    ),
    (r"\b(?:tonight|last\s{1,3}night|this\s{1,3}(?:morning|afternoon|evening))\b", _relative, _PLAIN),
    (rf"\bin\s{{1,3}}{_COUNT}\s{{1,3}}{_SPAN_UNIT}\b(?P<ago>)", _counted, _PLAIN),
    (rf"\b{_COUNT}\s{{1,3}}{_SPAN_UNIT}\s{{1,3}}(?P<ago>ago)\b", _counted, _PLAIN),
    (
        rf"\b{_COUNT}\s{{1,3}}(?P<unit>day|week|fortnight)s?\s{{1,3}}(?:from|after|on)\s{{1,3}}(?P<from>today|now|tomorrow|{_LONG})\b",
        _counted_from,
        _PLAIN,
    ),
    (
        rf"(?<!every )(?<!black )(?<!good )\b(?:{_WHICH}\s{{1,3}})?(?P<weekday>{_LONG}|{_SHORT})\b{_PART_OF_DAY}",
        _weekday,
        _PLAIN,
    ),
    (rf"\b(?:{_WHICH}|on|by|until|till)\s{{1,3}}(?P<weekday>{_SHORT_WORDS})\b", _weekday, _PLAIN),
    (rf"\A\W{{0,3}}(?P<weekday>{_SHORT_WORDS})\b\W{{0,3}}\Z", _weekday, Certainty.ANSWER),
    (rf"\b(?P<weekday>{_SHORT_WORDS})\s{{1,3}}(?:morning|afternoon|evening|night)\b", _weekday, _PLAIN),
    (
        rf"\b(?P<weekday>{_LONG}|{_SHORT})\s{{1,3}}(?:(?:in|of)\s{{1,3}})?(?P<which>next|this)\s{{1,3}}week\b",
        _weekday_of_week,
        _PLAIN,
    ),
    (
        rf"\b(?P<which>next|this)\s{{1,3}}week['’]?s?,?\s{{1,3}}(?:on\s{{1,3}})?(?P<weekday>{_LONG}|{_SHORT})\b",
        _weekday_of_week,
        _PLAIN,
    ),
    (rf"\b(?:the\s{{1,3}})?(?P<weekday>{_LONG})\s{{1,3}}after\s{{1,3}}next\b", _weekday_after_next, _PLAIN),
    (rf"\b(?P<weekday>{_LONG})\s{{1,3}}week\b", _weekday_after_next, _PLAIN),
    (r"\b(?:(?P<which>next|this|coming)|the)\s{1,3}weekend\b", _weekend, _PLAIN),
    (r"\b(?P<which>)weekend\b", _weekend, _LIKELY),
    (rf"\b(?:{'|'.join(sorted(_FEASTS, key=len, reverse=True))})\b".replace("'", "['’]"), _feast, _LIKELY),
)
RULES: tuple[Rule, ...] = tuple(
    (re.compile(pattern, re.ASCII | re.IGNORECASE), read, certainty) for pattern, read, certainty in _PATTERNS
)
