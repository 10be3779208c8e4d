"""Lengths of time, in English and Chinese, as ISO 8601 writes them: ``P3D``, ``PT1H30M``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shared.dialogue.values.found import Found, apart
from shared.dialogue.values.numerals import SMALL, whole

_MINUTES = {"minute": 1, "hour": 60, "day": 1440, "week": 10080}
_UNIT_NAMES = {
    **dict.fromkeys(("minute", "min", "mins", "minutes", "分钟"), "minute"),
    **dict.fromkeys(("hour", "hours", "hr", "hrs", "h", "小时", "钟头"), "hour"),
    **dict.fromkeys(("day", "days", "night", "nights", "天", "日", "晚", "夜"), "day"),
    **dict.fromkeys(("week", "weeks", "fortnight", "fortnights", "周", "星期", "礼拜"), "week"),
    **dict.fromkeys(("month", "months", "月"), "month"),
    **dict.fromkeys(("year", "years", "年"), "year"),
}
_AMOUNT = rf"(?P<count>\d{{1,4}}(?:[.,]\d{{1,2}})?|half\s{{1,3}}an?|(?:a\s{{1,3}})?few(?=x)|{SMALL})"
_UNIT = r"(?P<unit>minutes?|mins?|hours?|hrs?|h|days?|nights?|weeks?|fortnights?|months?|years?)\b"
_HALF_MORE = r"(?P<half>\s{1,3}and\s{1,3}a\s{1,3}half)?"
_ENGLISH = re.compile(
    rf"(?<![\w.,:/-]){_AMOUNT}{_HALF_MORE}[\s-]{{0,2}}{_UNIT}(?:(?P<later>\s{{1,3}}and\s{{1,3}}a\s{{1,3}}half)\b)?"
    r"(?!\s{1,3}(?:ago|later|old|from\s{1,3}(?:now|today)|before|after)\b)",
    re.ASCII | re.IGNORECASE,
)
_CHINESE = re.compile(
    r"(?<![\d.零〇一二两三四五六七八九十百年月])(?P<count>半|\d{1,4}(?:\.\d{1,2})?|[一二两三四五六七八九十百]{1,4})\s?(?:个)?(?P<half>半)?"
    r"(?P<unit>分钟|小时|钟头|天|日|晚|夜|周|星期|礼拜|月|年)(?P<later>半)?(?![之以]?[前后]|[月日号一二三四五六])",
    re.ASCII,
)
_ENGLISH_OR = re.compile(
    rf"(?<![\w.,:/-])(?P<count>{SMALL})\s{{0,3}}(?:-|–|to|or)\s{{0,3}}(?P<second>{SMALL})[\s-]{{0,2}}{_UNIT}(?!\s{{1,3}}ago)",
    re.ASCII | re.IGNORECASE,
)
_BETWEEN = re.compile(r"\s{0,3}(?:,|and|plus)?\s{0,3}", re.ASCII | re.IGNORECASE)


def durations(text: str) -> list[Found]:
    """Every length of time that a text names; "three days and two nights" is three days."""
    alternatives = list(_alternatives(text))
    single = (
        one for one in _single(text) if not any(one[1].overlaps(other.start, other.end) for other in alternatives)
    )
    return apart((*alternatives, *_joined(text, single)))


def _single(text: str) -> Iterator[tuple[str, Found, float]]:
    """Unit and number of each, in their order."""
    matches = [match for pattern in (_ENGLISH, _CHINESE) for match in pattern.finditer(text)]
    for match in sorted(matches, key=lambda each: each.start()):
        unit, count = match["unit"].lower(), _number(match["count"])
        if count is not None:
            more = 0.5 if match["half"] or match["later"] else 0
            count = (count + more) * (2 if unit.startswith("fortnight") else 1)
            yield unit, Found("", *match.span()), count


def _number(text: str) -> float | None:
    text = text.lower()
    if text.startswith(("half", "半")):
        return 0.5
    return float(text.replace(",", ".")) if text[0].isdigit() else whole(text)


def _joined(text: str, found: Iterator[tuple[str, Found, float]]) -> Iterator[Found]:
    """Neighbours such as "2 hours and 30 minutes" as one."""
    before: tuple[str, Found, float, str] | None = None
    for unit, one, count in found:
        value = _iso(unit, count)
        if before is not None and _BETWEEN.fullmatch(text, before[1].end, one.start):
            joined = _sum(before, unit, count)
            if joined is not None:
                yield Found(joined, before[1].start, one.end)
                before = None
                continue
        if value:
            yield Found(value, one.start, one.end)
        before = unit, one, count, value


def _sum(first: tuple[str, Found, float, str], unit: str, count: float) -> str | None:
    large, small = _UNIT_NAMES[first[0]], _UNIT_NAMES[unit]
    if unit in ("night", "nights", "晚", "夜") and large == "day":
        return first[3]
    if large in _MINUTES and small in _MINUTES and _MINUTES[large] > _MINUTES[small]:
        return _of_minutes(first[2] * _MINUTES[large] + count * _MINUTES[small])
    return None


def _alternatives(text: str) -> Iterator[Found]:
    """Two lengths: "2 or 3 days", "2-3 days"."""
    for match in _ENGLISH_OR.finditer(text):
        values = [
            _iso(match["unit"].lower(), count)
            for key in ("count", "second")
            if (count := whole(match[key])) is not None
        ]
        if len(values) == 2 and all(values):
            yield Found(values[0], *match.span("count"))
            yield Found(values[1], match.start("second"), match.end())


def _iso(unit: str, count: float) -> str:
    name = _UNIT_NAMES[unit]
    if name in _MINUTES:
        if name == "week" and count == int(count):
            return f"P{int(count)}W" if count else ""
        return _of_minutes(count * _MINUTES[name])
    months = count * (12 if name == "year" else 1)
    if months != int(months):
        return _of_minutes(months * 30 * 1440)
    return "" if not months else f"P{int(count)}Y" if name == "year" and count == int(count) else f"P{int(months)}M"


def _of_minutes(minutes: float) -> str:
    whole_minutes = round(minutes)
    days, rest = divmod(whole_minutes, 1440)
    hours, left = divmod(rest, 60)
    if whole_minutes <= 0:
        return ""
    if days and whole_minutes < 4 * 1440 and rest:
        days, hours = 0, hours + 24 * days
    time = (f"{hours}H" if hours else "") + (f"{left}M" if left else "")
    return "P" + (f"{days}D" if days else "") + (f"T{time}" if time else "")


_PART = re.compile(r"(\d+)([YMWDH])")
_NAMES = {"Y": "year", "W": "week", "D": "day", "H": "hour"}


def spoken(value: str) -> str:
    """A kept length as an English sentence shows it: ``1 hour 30 minutes``."""
    dates, _, clock = value.partition("T")
    parts = [(count, "month" if unit == "M" else _NAMES[unit]) for count, unit in _PART.findall(dates)]
    parts += [(count, "minute" if unit == "M" else _NAMES[unit]) for count, unit in _PART.findall(clock)]
    return " ".join(f"{count} {name}{'' if count == '1' else 's'}" for count, name in parts) or value
