"""Days as customers write them, in English, in Chinese or as numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from shared.dialogue.values import dates_zh
from shared.dialogue.values.found import Found

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_COUNTS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")

_RELATIVE = {
    "day before yesterday": -2,
    "yesterday": -1,
    "last night": -1,
    "tomorrow": 1,
    "tmrw": 1,
    "tmr": 1,
    "day after tomorrow": 2,
}

_MONTH = rf"(?P<month>{'|'.join(f'{name[:3]}(?:{name[3:]})?' for name in map(str.lower, MONTHS))}|sept)\b\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?:,?\s+(?P<year>\d{4}))?"
_COUNT = rf"(?P<count>\d{{1,3}}|an?|{'|'.join(_COUNTS[1:])})"
#: "sun", "sat" and "wed" are words too: short, they are days only behind a word that says so, or alone.
_SHORT = r"(?:(?<=on )|(?<=next )|(?<=this )|(?<=coming )|(?<=last )|(?<=past )|(?<=by )|(?<=until )|(?<=till )|^\s*)(?:sat|sun|wed)(?=\W|$)"
_WEEKDAY = rf"(?P<weekday>(?:mon|tues?|wednes|thu(?:rs?)?|fri|satur|sun)day|mon|tues?|thu(?:rs?)?|fri|{_SHORT})"
#: "for the 2 of us", "the 3 travellers": a count, and no day of a month.
_COUNTED_NOUN = (
    r"\s+(?:of\s+(?:us|you|them|my|our|those|these)|people|persons?|adults?|travell?ers?|passengers?|guests?|kids?|children|tickets?|rooms?|beds?"
    r"|nights?|days?|weeks?|months?|hours?|minutes?|bags?|items?|pieces?|parcels?|euros?|dollars?|pounds?|percent|%)\b"
)


@dataclass(frozen=True, slots=True)
class Calendar:
    """How days are meant.

    Attributes:
        today: The day that relative words count from.
        day_first: Whether 03/05 is the third of May. Where only one reading is a day, that one holds.
        past: Whether days without a year lie behind (a purchase) or ahead (a journey).
    """

    today: date
    day_first: bool = True
    past: bool = False

    def find(self, text: str) -> date | None:
        """The day that a text names, or ``None``: the most explicit one if it names several ways.

        "Friday" is the first one after today, "this Friday" may be today, "next Friday" lies in the next calendar week.
        """
        found = next(self._matches(text.lower()), None)
        return found[0] if found is not None else None

    def all(self, text: str) -> list[Found]:
        """Every day that a text names, in the order they are said, as ``2026-03-14``; what is no day of any year is left out."""
        taken: list[tuple[int, int]] = []
        found: list[Found] = []
        for day, start, end in self._matches(text.lower()):
            one = Found(day.isoformat() if day is not None else "", start, end)
            if not one.overlaps(taken):
                taken.append((start, end))
                found.append(one)
        return sorted((one for one in found if one.value), key=lambda one: one.start)

    def _matches(self, lowered: str) -> Iterator[tuple[date | None, int, int]]:
        """What each pattern finds, the most explicit pattern first."""
        for pattern, read in _PATTERNS:
            for match in pattern.finditer(lowered):
                yield read(self, match), match.start(), match.end()

    def nearest(self, day: int, month: int) -> date | None:
        """The day without a year: from today on, or up to today."""
        years = range(self.today.year, self.today.year + (-9 if self.past else 9), -1 if self.past else 1)
        return self._first(_day(year, month, day) for year in years)

    def nearest_in_month(self, day: int) -> date | None:
        """The day without a month: from today on, or up to today."""
        step = -1 if self.past else 1
        months = (self.today.year * 12 + self.today.month - 1 + step * ahead for ahead in range(12))
        return self._first(_day(month // 12, month % 12 + 1, day) for month in months)

    def _first(self, days: Iterable[date | None]) -> date | None:
        return next((day for day in days if day and (day <= self.today if self.past else day >= self.today)), None)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _moved(day: date, *, days: int) -> date | None:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None


def _iso(_calendar: Calendar, match: re.Match[str]) -> date | None:
    return _day(int(match["year"]), int(match["month"]), int(match["day"]))


def _numeric(calendar: Calendar, match: re.Match[str]) -> date | None:
    first, second = int(match["a"]), int(match["b"])
    day, month = (first, second) if calendar.day_first else (second, first)
    if month > 12:
        day, month = month, day
    if not match["year"]:
        return calendar.nearest(day, month)
    year = int(match["year"])
    return _day(year if year > 99 else 2000 + year, month, day)


def _named_month(calendar: Calendar, match: re.Match[str]) -> date | None:
    month = next(number for number, name in enumerate(MONTHS, 1) if name.lower().startswith(match["month"][:3]))
    if match["year"]:
        return _day(int(match["year"]), month, int(match["day"]))
    return calendar.nearest(int(match["day"]), month)


def _of_shared_month(calendar: Calendar, match: re.Match[str]) -> date | None:
    """The 5 of "between 5 and 7 December"."""
    return _named_month(calendar, match)


def _fortnight(calendar: Calendar, _match: re.Match[str]) -> date | None:
    return _moved(calendar.today, days=14)


def _end_of_month(calendar: Calendar, match: re.Match[str]) -> date | None:
    months = calendar.today.year * 12 + calendar.today.month + (1 if match["which"] == "next" else 0)
    first = _day(months // 12, months % 12 + 1, 1)
    return _moved(first, days=-1) if first is not None else None


def _chinese_relative(calendar: Calendar, match: re.Match[str]) -> date | None:
    return _moved(calendar.today, days=dates_zh.WORDS[match["zh"]])


def _chinese_counted(calendar: Calendar, match: re.Match[str]) -> date | None:
    return _moved(calendar.today, days=dates_zh.days(match))


def _chinese_weekday(calendar: Calendar, match: re.Match[str]) -> date | None:
    """下周五 lies in the next calendar week, 这周五 in this one; 周五 alone is the next one."""
    wanted, today, which = dates_zh.weekday(match["zhday"]), calendar.today.weekday(), match["zhwhich"]
    if which is None:
        ahead = (wanted - today) % 7
        return _moved(calendar.today, days=ahead - 7 if calendar.past else ahead or 7)
    weeks = {"下下": 2, "下": 1, "上": -1}.get(which, 0)
    return _moved(calendar.today, days=wanted - today + 7 * weeks)


def _chinese_day(calendar: Calendar, match: re.Match[str]) -> date | None:
    day, month = dates_zh.number(match["zhdate"]), dates_zh.number(match["zhmonth"])
    return _day(int(match["zhyear"]), month, day) if match["zhyear"] else calendar.nearest(day, month)


def _chinese_day_of_month(calendar: Calendar, match: re.Match[str]) -> date | None:
    return calendar.nearest_in_month(dates_zh.number(match["zhalone"]))


def _day_of_month(calendar: Calendar, match: re.Match[str]) -> date | None:
    return calendar.nearest_in_month(int(match["day"] or match["alone"]))


def _relative(calendar: Calendar, match: re.Match[str]) -> date | None:
    return _moved(calendar.today, days=_RELATIVE.get(match[0], 0))


def _counted(calendar: Calendar, match: re.Match[str]) -> date | None:
    word = match["count"]
    count = int(word) if word.isdigit() else 1 if word in ("a", "an") else _COUNTS.index(word)
    days = count * (7 if match["unit"] == "week" else 1)
    return _moved(calendar.today, days=-days if match["ago"] else days)


def _weekday(calendar: Calendar, match: re.Match[str]) -> date | None:
    wanted = next(number for number, name in enumerate(WEEKDAYS) if name.lower().startswith(match["weekday"][:3]))
    ahead = (wanted - calendar.today.weekday()) % 7
    which = match["which"] or ""
    if which == "next":
        return _moved(calendar.today, days=7 - calendar.today.weekday() + wanted)
    if which in ("last", "past") or (calendar.past and not which):
        return _moved(calendar.today, days=ahead - 7)
    return _moved(calendar.today, days=ahead if which == "this" else ahead or 7)


def _week(calendar: Calendar, match: re.Match[str]) -> date | None:
    if match["unit"] is None:
        return _moved(calendar.today, days=7)
    ahead = (5 - calendar.today.weekday()) % 7
    return _moved(calendar.today, days=ahead + (7 if match["which"] == "next" else 0))


_Read = Callable[[Calendar, re.Match[str]], date | None]
_PATTERNS: tuple[tuple[re.Pattern[str], _Read], ...] = tuple(
    (re.compile(pattern, re.ASCII), read)
    for pattern, read in (
        (r"\b(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})\b", _iso),
        (r"(?<![\d/.-])(?P<a>\d{1,2})(?P<dot>[/.-])(?P<b>\d{1,2})(?P=dot)(?P<year>\d{4}|\d{2})(?![\d/-])", _numeric),
        # "24/7" means always, whatever the order of day and month.
        (r"(?<![\d/.-])(?!24/7(?!\d))(?P<a>\d{1,2})/(?P<b>\d{1,2})(?P<year>)(?![\d/])", _numeric),
        (
            rf"\b{_DAY}(?=\s*(?:and|or|to|until|till|-|–|,)\s*\d{{1,2}}(?:st|nd|rd|th)?(?:\s+of)?\s+{_MONTH}{_YEAR})",
            _of_shared_month,
        ),
        (rf"\b{_DAY}(?:\s+of)?\s+{_MONTH}{_YEAR}", _named_month),
        (rf"\b{_MONTH}\s+(?:the\s+)?{_DAY}\b{_YEAR}", _named_month),
        (
            (
                r"\bday (?:after tomorrow|before yesterday)\b|\b(?:today|tonight|yesterday|tomorrow|tmrw|tmr|last night)\b"
                r"|\bthis (?:morning|afternoon|evening)\b"
            ),
            _relative,
        ),
        (rf"\bin\s+{_COUNT}\s+(?P<unit>day|week)s?\b(?P<ago>)", _counted),
        (r"\b(?:in\s+)?a\s+fortnight\b", _fortnight),
        (r"\bend\s+of\s+(?:the\s+|this\s+|(?P<which>next)\s+)?month\b", _end_of_month),
        (rf"\b{_COUNT}\s+(?P<unit>day|week)s?\s+(?P<ago>ago)\b", _counted),
        (
            rf"\b(?:the|on)\s+{_DAY}\b(?!\s*[:/.]\d)(?!{_COUNTED_NOUN})|^\s*(?P<alone>\d{{1,2}})(?:st|nd|rd|th)\s*$",
            _day_of_month,
        ),
        (rf"\b(?:(?P<which>next|this|coming|last|past)\s+)?{_WEEKDAY}\b", _weekday),
        (dates_zh.DAY, _chinese_day),
        (dates_zh.COUNTED, _chinese_counted),
        (dates_zh.RELATIVE, _chinese_relative),
        (dates_zh.WEEKDAY, _chinese_weekday),
        (dates_zh.DAY_OF_MONTH, _chinese_day_of_month),
        (r"\b(?:(?P<which>next|this|coming|the)\s+)?(?P<unit>weekend)\b|\bnext\s+week\b", _week),
    )
)


def spoken(day: date) -> str:
    """A day as an English sentence shows it, e.g. ``Saturday 14 March 2026``."""
    return f"{WEEKDAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]} {day.year}"
