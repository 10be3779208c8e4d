"""Amounts of money, kept as they were written: ``30 euros``, ``1'250.50 CHF``, ``三百块``."""

from __future__ import annotations

import re

from shared.dialogue.values.found import Certainty, Found, apart
from shared.dialogue.values.numbers import DIGITS, NOT_AFTER, NOT_BEFORE, SCALE, SIGN
from shared.dialogue.values.numerals import CHINESE, ENGLISH
from shared.dialogue.values.words import stands_alone

_SIGNS = r"(?:(?:US|A|C|HK|NZ|S)?\$|R\$|[€£¥₹₩₽₺฿₫₴])"
_CODES = r"(?:EUR|USD|GBP|CHF|JPY|CNY|RMB|AUD|CAD|NZD|HKD|SGD|SEK|NOK|DKK|PLN|CZK|HUF|INR|KRW|BRL|MXN|ZAR|TRY|AED|ILS|THB|TWD|RUB|UAH)"
_NAMES = (
    r"(?:(?:us|canadian|australian|hong\s?kong)\s)?"
    r"(?:euros?|dollars?|bucks?|quid|pounds?(?:\s{1,3}sterling)?|(?:swiss\s{1,3})?francs?|yen|yuan|renminbi|rupees?|won|roubles?|rubles?"
    r"|kroner|kronor|crowns|zlot(?:y|ys)|lira|pesos?|reais|real|rand|shekels?|dirhams?|baht|cents?)"
)
_CHINESE_UNIT = r"(?:人民币|美元|美金|欧元|英镑|日元|港币|港元|元|块钱?|圆)"
_AFTER = rf"(?:{_SIGNS}|(?:{_CODES}|{_NAMES})(?![A-Za-z]))"
_CENTS = r"(?:(?:\s{1,3}and)?\s{1,3}\d{1,2}\s?(?:cents?|c|p)(?![A-Za-z]))?"
_NUMBER = rf"{DIGITS}{NOT_BEFORE}(?:\s?{SCALE}(?![A-Za-z]))?"
_WITH_CURRENCY = re.compile(
    rf"{SIGN}(?:(?<![A-Za-z$€£])(?:{_SIGNS}|{_CODES})\s?{_NUMBER}(?![A-Za-z]|\s?%)|{NOT_AFTER}{_NUMBER}[\s-]?{_AFTER}{_CENTS}"
    rf"|(?<![A-Za-z'’-]){ENGLISH}[\s-]{{1,3}}{_AFTER}{_CENTS})",
    re.ASCII | re.IGNORECASE,
)
_CHINESE = re.compile(
    rf"(?:人民币|美元|欧元)?\s?(?<![\d.,零〇一二两三四五六七八九十百千万])(?:\d{{1,12}}(?:,\d{{3}}){{0,3}}(?:\.\d{{1,2}})?|{CHINESE})\s?[万千百亿]?\s?{_CHINESE_UNIT}"
    r"(?:[\d一二三四五六七八九](?:[毛角分]|(?![\d一二三四五六七八九十百个张件天月]))|人民币)?",
    re.ASCII,
)
#: The first of "20-30 euros", "20 or 30 euros": its currency is that of the second.
_ALTERNATIVE = re.compile(
    rf"{NOT_AFTER}(?P<first>{DIGITS})(?:\s{{0,3}}[-–]\s{{0,3}}|\s{{1,3}}(?:to|or)\s{{1,3}})(?P<second>{DIGITS}\s?(?P<unit>{_AFTER}))",
    re.ASCII | re.IGNORECASE,
)
_BARE = re.compile(
    rf"{SIGN}{NOT_AFTER}{_NUMBER}(?![A-Za-z]|\s?%)|(?<![A-Za-z'’-]){ENGLISH}(?![A-Za-z'’-])|{CHINESE}",
    re.ASCII | re.IGNORECASE,
)


def amounts(text: str) -> list[Found]:
    """Every amount that a text names: with its currency anywhere, without it if it is all of the answer."""
    alternatives = [
        found
        for match in _ALTERNATIVE.finditer(text)
        for found in (
            Found(f"{match['first']} {match['unit']}", *match.span("first")),
            Found(match["second"], *match.span("second")),
        )
    ]
    whole = [_kept(match) for pattern in (_WITH_CURRENCY, _CHINESE) for match in pattern.finditer(text)]
    single = [one for one in whole if not any(one.overlaps(other.start, other.end) for other in alternatives)]
    bare = [_kept(match, Certainty.ANSWER) for match in _BARE.finditer(text) if stands_alone(text, *match.span())]
    return apart((*alternatives, *single, *bare))


def _kept(match: re.Match[str], certainty: Certainty = Certainty.PLAIN) -> Found:
    return Found(" ".join(match[0].split()), *match.span(), certainty)
