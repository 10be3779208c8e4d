"""Days in Chinese: the patterns, and what each means on a calendar."""

from __future__ import annotations

import re
from datetime import date

from shared.dialogue.values.calendar import Calendar, day_of
from shared.dialogue.values.english_days import Read, Rule
from shared.dialogue.values.found import Certainty
from shared.dialogue.values.numerals import whole

_RELATIVE = {"大后": 3, "后": 2, "明": 1, "今": 0, "昨": -1, "前": -2, "大前": -3}
_WEEKDAYS = {sign: number for number, sign in enumerate("一二三四五六日")} | {"天": 6, "末": 5}
_WEEKS = {"上上": -2, "上": -1, "这": 0, "本": 0, "下": 1, "下下": 2}

_NUMBER = r"(?:\d{1,3}|[一二两三四五六七八九十百半]{1,4})"
_DAY = r"(?P<day>\d{1,2}|[一二三四五六七八九十廿]{1,3})"
_MONTH = r"(?P<month>\d{1,2}|[一二三四五六七八九十正]{1,2})"
_YEAR = r"(?:(?P<year>\d{4}|[零〇一二三四五六七八九]{4}|今|明|去)年)"
_WEEK = "(?:周|週|星期|礼拜|禮拜)"


def _count(text: str) -> int:
    return whole(text.replace("廿", "二十").replace("正", "一")) or 0


def _full(calendar: Calendar, match: re.Match[str]) -> date | None:
    day, month = _count(match["day"]), _count(match["month"])
    if not match["year"]:
        return calendar.nearest(day, month)
    ahead = {"去": -1, "今": 0, "明": 1}.get(match["year"])
    return day_of(_count(match["year"]) if ahead is None else calendar.today.year + ahead, month, day)


def _of_month(calendar: Calendar, match: re.Match[str]) -> date | None:
    day = _count(match["day"])
    return calendar.in_month(day, _months(match["which"])) if day and match["which"] else calendar.nearest_in_month(day)


def _months(which: str | None) -> int:
    return {"上": -1, "下": 1, "下下": 2}.get((which or "").replace("个", ""), 0)


def _end_of_month(calendar: Calendar, match: re.Match[str]) -> date | None:
    return calendar.in_month(0, _months(match["which"]))


def _end_of_year(calendar: Calendar, _match: re.Match[str]) -> date | None:
    return day_of(calendar.today.year, 12, 31)


def _relative(calendar: Calendar, match: re.Match[str]) -> date | None:
    return calendar.after(_RELATIVE[match["which"]])


def _weekday(calendar: Calendar, match: re.Match[str]) -> date | None:
    weekday, which = _WEEKDAYS[match["weekday"]], (match["which"] or "").replace("个", "")
    return calendar.in_week(weekday, _WEEKS[which]) if which else calendar.weekday(weekday)


def _counted(calendar: Calendar, match: re.Match[str]) -> date | None:
    unit, back = match["unit"], match["side"] == "前"
    if match["count"] == "半":
        return calendar.after(-15 if back else 15) if "月" in unit else None
    count = _count(match["count"]) * (-1 if back else 1)
    if "月" in unit or "年" in unit:
        return calendar.after_months(count * (12 if "年" in unit else 1))
    return calendar.after(count * (1 if unit in "天日" else 7))


def _feast(calendar: Calendar, match: re.Match[str]) -> date | None:
    return calendar.nearest(*{"元旦": (1, 1), "圣诞节": (25, 12), "平安夜": (24, 12), "国庆节": (1, 10)}[match[0]])


_PLAIN, _LIKELY = Certainty.PLAIN, Certainty.LIKELY
_PATTERNS: tuple[tuple[str, Read, Certainty], ...] = (
    (rf"{_YEAR}?\s?(?<!\d){_MONTH}\s?月份?\s?{_DAY}\s?[日号號]?", _full, _PLAIN),
    (rf"(?P<which>下下个?|[上下]个?|这个?|本)月{_DAY}[日号號]", _of_month, _PLAIN),
    (rf"(?P<which>)(?<![\d月楼])(?<![一二三四五六七八九十]){_DAY}\s?[号號](?![线楼店机院单码])", _of_month, _LIKELY),
    (r"(?P<which>下下个?|[上下]个?|这个?|本)?月底", _end_of_month, _PLAIN),
    (r"年底", _end_of_year, _LIKELY),
    (r"(?P<which>大后|大前|后|明|今|昨|前)(?:[天日]|[早晚](?![上])|[早晚]上)", _relative, _PLAIN),
    (rf"(?P<which>上上个?|下下个?|[上下]个?|这个?|本)?{_WEEK}(?P<weekday>[一二三四五六日天末])", _weekday, _PLAIN),
    (
        rf"(?<![\d零〇一二两三四五六七八九十百])(?P<count>{_NUMBER})\s?(?P<unit>天|日|个?(?:周|星期|礼拜)|个月|年)(?:之|以)?(?P<side>后|前)",
        _counted,
        _PLAIN,
    ),
    (r"元旦|圣诞节|平安夜|国庆节", _feast, _LIKELY),
)
RULES: tuple[Rule, ...] = tuple(
    (re.compile(pattern, re.ASCII), read, certainty) for pattern, read, certainty in _PATTERNS
)
