"""Stretches of days: ``2026-03-14/2026-03-17``."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise

from shared.dialogue.values.calendar import Calendar, moved
from shared.dialogue.values.dates import dates
from shared.dialogue.values.durations import durations
from shared.dialogue.values.english_days import WEEKDAY
from shared.dialogue.values.found import Certainty, Found, apart

_BETWEEN = re.compile(
    r"(?:st|nd|rd|th)?\s{0,3}(?:-|–|~|to|until|till|through|thru|up\s{1,3}to|(?:,|and)\s{1,3}back\s{1,3}(?:on)?"
    r"|(?:,|,?\s{0,3}and|;|then)\s{0,3}(?:we\s{1,3}|i\s{1,3})?(?:leave|leaving|depart|departing|check(?:ing)?[\s-]?out|out|return|returning)\s{1,3}(?:on)?"
    r"|到|至|—)\s{0,3}(?:the\s{1,3}|on\s{1,3}|and\s{1,3})?(?:including\s{1,3})?",
    re.ASCII | re.IGNORECASE,
)
#: With these words a day begins that is the end of something; the reader of days takes them for a part of it.
_UNTIL = re.compile(r"(?:until|till)\s", re.IGNORECASE)
_BARE_DAY = re.compile(
    r"(?:until\s|till\s)?\s{0,3}(?:the\s)?\s{0,3}(?P<day>\d{1,2})(?:st|nd|rd|th)?", re.ASCII | re.IGNORECASE
)
_AND = re.compile(r"(?:st|nd|rd|th)?\s{0,3}(?:and|和)\s{0,3}(?:the\s{1,3})?", re.ASCII | re.IGNORECASE)
_BETWEEN_WORD = re.compile(r"(?:\bbetween|在)\s{0,3}(?:the\s{1,3})?\Z", re.ASCII | re.IGNORECASE)
_FROM = re.compile(r"\bfrom\s{0,3}(?:the\s{1,3})?\Z|从\Z", re.ASCII | re.IGNORECASE)
_FOR = re.compile(r"\s{0,3},?\s{0,3}(?:for\s{1,3}|住|待|玩|,|，)?\s{0,3}", re.ASCII | re.IGNORECASE)
_LENGTH = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?", re.ASCII)
#: Nobody stays longer.
_MOST_MONTHS = 600
_WEEK_LONG = timedelta(days=7)
_DAY_OF_WEEK = re.compile(rf"\W*(?:{WEEKDAY}|(?:周|週|星期|礼拜|禮拜))", re.IGNORECASE)
_WEEK = re.compile(
    r"\b(?P<which>next|this)\s{1,3}(?P<unit>week|weekend|month)\b(?!\s{1,3}(?:on\s|mon|tue|wed|thu|fri|sat|sun))",
    re.ASCII | re.IGNORECASE,
)


def date_ranges(text: str, calendar: Calendar) -> list[Found]:
    """Every stretch of days that a text names: by two days, or by a day and a length ("three nights from 14 March")."""
    days = dates(text, calendar)
    found = apart((*_spans(text, days), *_with_length(text, days), *_weeks(text, calendar)))
    return [one for one in found if one.value]


def _spans(text: str, days: Sequence[Found]) -> Iterator[Found]:
    for first, last in pairwise(days):
        until = _UNTIL.match(text, last.start, last.end)
        between = _BETWEEN.fullmatch(text, first.end, until.end() if until else last.start)
        framed = _AND.fullmatch(text, first.end, last.start) and _BETWEEN_WORD.search(text, 0, first.start)
        if between or framed:
            start = _opening(text, first.start)
            opens, closes = date.fromisoformat(first.value), date.fromisoformat(last.value)
            bare = _BARE_DAY.fullmatch(text, last.start, last.end)
            nearest = _next_day(opens, int(bare["day"])) if bare else None
            if opens == closes and _DAY_OF_WEEK.match(text, last.start, last.end):  # Friday to Friday
                closes += _WEEK_LONG
            yield _range(opens, nearest or closes, start, last.end)


def _next_day(after: date, day: int) -> date | None:
    """The next day of a month with this number: "from 20 December until the 23rd"."""
    month = after if day > after.day else after.replace(day=1) + timedelta(days=31)
    try:
        return month.replace(day=day)
    except ValueError:
        return None


def _opening(text: str, start: int) -> int:
    word = _FROM.search(text, max(0, start - 12), start) or _BETWEEN_WORD.search(text, max(0, start - 16), start)
    return word.start() if word else start


def _with_length(text: str, days: Sequence[Found]) -> Iterator[Found]:
    """A day, and how many days or nights from it on."""
    lengths = [one for one in durations(text) if not any(one.within(day) for day in days)]
    for day in days:
        for length in lengths:
            before = length.end <= day.start and re.fullmatch(
                r"\s{0,3}(?:from|starting|beginning|as of)?\s{0,3}(?:on\s)?", text[length.end : day.start], re.I
            )
            if before or (day.end <= length.start and _FOR.fullmatch(text, day.end, length.start)):
                first = date.fromisoformat(day.value)
                further = _days(first, length.value, text[length.start : length.end])
                if further:
                    yield _range(first, moved(first, further), min(day.start, length.start), max(day.end, length.end))


def _days(first: date, length: str, words: str) -> int:
    """From the first day to the last: three nights end three days later, three days include the first; of hours 0."""
    match = _LENGTH.fullmatch(length)
    if match is None:
        return 0
    years, months, weeks, days = (int(number or 0) for number in match.groups())
    count = weeks * 7 + days
    if years or months:
        return (_months_later(first, min(12 * years + months, _MOST_MONTHS)) - first).days + count
    days_alone = re.search(r"day|天|日", words, re.IGNORECASE) is not None
    return count - 1 if days_alone and count else count


def _months_later(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _weeks(text: str, calendar: Calendar) -> Iterator[Found]:
    for match in _WEEK.finditer(text):
        ahead = 1 if match["which"].lower() == "next" else 0
        if match["unit"].lower() == "month":
            first, last = calendar.in_month(1, ahead), calendar.in_month(0, ahead)
        else:
            first = calendar.in_week(5 if match["unit"].lower() == "weekend" else 0, ahead)
            last = calendar.in_week(6, ahead)
        yield _range(first, last, *match.span(), certainty=Certainty.LIKELY)


def _range(
    first: date | None, last: date | None, start: int, end: int, certainty: Certainty = Certainty.PLAIN
) -> Found:
    """A range whose end lies behind its beginning; else nothing that can be kept. Days of the week end in the week after: Friday to Sunday."""
    if first is not None and last is not None and last < first:
        last = last + _WEEK_LONG if first - last < _WEEK_LONG else _a_year_later(last)
    fine = first is not None and last is not None and first < last
    return Found(f"{first.isoformat()}/{last.isoformat()}" if fine and first and last else "", start, end, certainty)


def _a_year_later(day: date) -> date | None:
    """28 December to 3 January: the end lies in the next year."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return None
