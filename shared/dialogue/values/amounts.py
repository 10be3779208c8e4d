"""Amounts of money, with their currency, in English and Chinese."""

from __future__ import annotations

import re

from shared.dialogue.values.found import Found

_CURRENCY = (
    r"(?:[$€£¥]|(?:eur(?:os?)?|usd|us\s?dollars?|dollars?|bucks?|gbp|pounds?|quid|chf|francs?|jpy|yen|cny|rmb|yuan|hkd|cents?)\b"
    r"|(?:元|块钱|块|圆|人民币|美元|欧元|英镑|港币|日元|角|分钱))"
)
#: Thousands in threes behind a blank, a comma, a point or an apostrophe; at most two decimals; "20k", "1.5m".
_NUMBER = r"-?(?:\d{1,3}(?:[ \u00a0\u202f'’,.]\d{3})+(?![\d])(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?)(?:\s?(?:k|m|mio|万|千|百)\b|[万千百])?"
_CHINESE_NUMBER = r"[零〇一二两三四五六七八九十百千万]+"
_WITH_CURRENCY = re.compile(
    rf"(?<![\w#-])(?:-?{_CURRENCY}\s?{_NUMBER}(?![\w])|{_NUMBER}\s?{_CURRENCY}|{_CHINESE_NUMBER}(?:元|块钱|块|美元|欧元|英镑))"
    rf"|(?<=[\u4e00-\u9fff]){_NUMBER}\s?{_CURRENCY}",
    re.IGNORECASE,
)
_BARE = re.compile(rf"\s*{_NUMBER}\s*", re.IGNORECASE)


def amounts(text: str) -> list[Found]:
    """Every amount with a currency. A message that is a number and nothing else is an amount too."""
    if _BARE.fullmatch(text):
        start = len(text) - len(text.lstrip())
        return [Found(text.strip(), start, start + len(text.strip()))]
    return [Found(" ".join(match[0].split()), match.start(), match.end()) for match in _WITH_CURRENCY.finditer(text)]
