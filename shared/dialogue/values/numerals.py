"""Whole numbers in English and Chinese words, and in digits."""

from __future__ import annotations

import re

_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ENGLISH = {word: value for value, word in enumerate(_ONES)} | {word: 10 * n for n, word in enumerate(_TENS, 2)}
_CHINESE_DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "俩": 2}
_CHINESE_UNITS = {"十": 10, "百": 100, "千": 1000}

_UNIT = rf"(?:{'|'.join(sorted(_ONES, key=len, reverse=True))})"
_BELOW_HUNDRED = rf"(?:(?:{'|'.join(_TENS)})(?:[ -]{_UNIT})?|{_UNIT})"
#: One to six words; each repetition is bounded, so that the pattern is linear.
ENGLISH = (
    rf"(?:half a dozen|a dozen|a couple of|a hundred|a thousand|{_BELOW_HUNDRED}(?: dozen)?"
    rf"(?: hundred(?:(?: and)? {_BELOW_HUNDRED})?)?(?: thousand(?:(?: and)? {_BELOW_HUNDRED})?)?)"
)
CHINESE = "[零〇一二两三四五六七八九十百千万]{1,12}"
#: A small whole number, in digits or in words, also "a" and "an".
SMALL = rf"(?:\d{{1,3}}|{ENGLISH}|an?(?= )|{CHINESE})"

_FIXED = {"a": 1, "an": 1, "half a dozen": 6, "a dozen": 12, "a couple of": 2, "a hundred": 100, "a thousand": 1000}


def whole(word: str) -> int | None:
    """The number that a match of one of the patterns above means; ``None`` if it is none."""
    word = word.strip().lower()
    if word.isascii() and word.isdigit():
        return int(word)
    if word in _FIXED:
        return _FIXED[word]
    return _english(word) if word.isascii() else chinese(word)


def _english(text: str) -> int | None:
    total = current = 0
    for word in re.split(r"[ -]", text):
        if word == "hundred":
            current *= 100
        elif word == "dozen":
            current *= 12
        elif word == "thousand":
            total, current = total + current * 1000, 0
        elif word in _ENGLISH:
            current += _ENGLISH[word]
        elif word != "and":
            return None
    return total + current


def chinese(text: str) -> int | None:
    """A number in Chinese, e.g. 三百五 (350), 一万二 (12,000), 二〇二六 (2026, digit by digit)."""
    if not text or not set(text) <= {*_CHINESE_DIGITS, *_CHINESE_UNITS, "万"}:
        return None
    if set(text) <= set(_CHINESE_DIGITS):
        return int("".join(str(_CHINESE_DIGITS[sign]) for sign in text))
    high, ten_thousand, low = text.rpartition("万")
    if not ten_thousand:
        return _below_ten_thousand(low, step=1)
    above = chinese(high)
    return None if above is None else above * 10_000 + _below_ten_thousand(low, step=1000)


def _below_ten_thousand(text: str, *, step: int) -> int:
    """``step``: what a digit at the very end counts after the unit before it (三百五 is 350)."""
    total, digit, spelt = 0, None, False
    for sign in text:
        if sign in _CHINESE_UNITS:
            total += (1 if digit is None else digit) * _CHINESE_UNITS[sign]
            step, digit, spelt = _CHINESE_UNITS[sign] // 10, None, False
        else:
            digit = _CHINESE_DIGITS[sign]
            spelt = spelt or digit == 0
    return total + (digit or 0) * (1 if spelt else max(step, 1))
