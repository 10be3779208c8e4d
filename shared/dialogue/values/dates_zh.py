"""Days as customers write them in Chinese: 后天, 三天后, 下周五, 十二月三日, 2026年12月3日."""

from __future__ import annotations

import re

_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "日": 6, "天": 6}
_NUMBER = r"(?:\d{1,4}|[零〇一二两三四五六七八九十]{1,4})"

#: Days from today that a word names.
WORDS = {
    "大后天": 3,
    "后天": 2,
    "明天": 1,
    "明日": 1,
    "明晚": 1,
    "今天": 0,
    "今日": 0,
    "今晚": 0,
    "昨天": -1,
    "昨日": -1,
    "前天": -2,
}

RELATIVE = rf"(?P<zh>{'|'.join(sorted(WORDS, key=len, reverse=True))})"
COUNTED = rf"(?P<zhcount>{_NUMBER})\s*(?P<zhunit>天|日|周|星期|个星期|个礼拜|礼拜)(?:以|之)?(?P<zhdirection>后|前)"
WEEKDAY = r"(?P<zhwhich>下下|下|这|本|上)?(?:个)?(?:周|星期|礼拜)(?P<zhday>[一二三四五六日天])"
DAY = rf"(?:(?P<zhyear>\d{{4}})\s*年\s*)?(?P<zhmonth>{_NUMBER})\s*月\s*(?P<zhdate>{_NUMBER})\s*(?:日|号)?"
DAY_OF_MONTH = rf"(?<![月\d零〇一二两三四五六七八九十])(?P<zhalone>{_NUMBER})号(?!线|楼|店|门)"


def number(text: str) -> int:
    """A number below ten thousand, in digits or in Chinese numerals up to ninety-nine."""
    if text.isdigit():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return int("".join(str(_DIGITS[digit]) for digit in text))
    return (_DIGITS[tens[-1]] if tens else 1) * 10 + (_DIGITS[ones[0]] if ones else 0)


def weekday(text: str) -> int:
    """Monday is 0."""
    return {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5}.get(text, 6)


def days(match: re.Match[str]) -> int:
    """Days from today that a count names."""
    count = number(match["zhcount"]) * (1 if match["zhunit"] in ("天", "日") else 7)
    return -count if match["zhdirection"] == "前" else count
