"""Numbers, with separators, scales and signs, in digits and in English or Chinese words."""

from __future__ import annotations

import re

from shared.dialogue.values.found import Certainty, Found, apart
from shared.dialogue.values.numerals import CHINESE, ENGLISH, whole

_GROUPED = "|".join(
    rf"\d{{1,3}}(?:{group}\d{{3}}){{1,4}}(?:{decimal}\d{{1,2}})?"
    for group, decimal in ((",", r"\."), (r"\.", ","), (" ", "[.,]"), ("['’]", "[.,]"))
)
#: Digits as money and measures are written; what only begins like one ("12,345,67") does not match as a whole.
DIGITS = rf"(?:{_GROUPED}|\d{{1,15}}(?:[.,]\d{{1,6}})?)"
#: Around digits: nothing that would make them a part of something longer.
NOT_AFTER = r"(?<![\w#@/:])(?<!\d[.,'’])(?<![A-Za-z]-)(?<!\d-)"
NOT_BEFORE = r"(?![.,'’]?\d|[/:@]\w|-\w)"
SCALE = r"(?:k|m|mn|mio|bn|thousand|grand|million|hundred|万|千|百|亿)"
SIGN = r"(?:(?<![\w-])[-−](?=[\d$€£¥])|\bminus\s)?"
_SCALES = {
    "hundred": 100,
    "百": 100,
    "k": 1e3,
    "thousand": 1e3,
    "grand": 1e3,
    "千": 1e3,
    "万": 1e4,
    "m": 1e6,
    "mn": 1e6,
}
_SCALES |= {"mio": 1e6, "million": 1e6, "亿": 1e8, "bn": 1e9}

_WRITTEN = re.compile(
    rf"(?P<sign>{SIGN}){NOT_AFTER}(?P<digits>{DIGITS}){NOT_BEFORE}(?:\s?(?P<scale>{SCALE})(?![A-Za-z]))?(?![A-Za-z])",
    re.ASCII | re.IGNORECASE,
)
_WORDS = re.compile(
    rf"(?<![A-Za-z'’-])(?P<sign>minus\s)?(?P<words>{ENGLISH})(?![A-Za-z'’-])|(?P<chinese>{CHINESE})",
    re.ASCII | re.IGNORECASE,
)


def numbers(text: str) -> list[Found]:
    """Every number in a text, as ``1250.5``."""
    written = (Found(_value(match), *match.span(), Certainty.LIKELY) for match in _WRITTEN.finditer(text))
    return [one for one in apart((*written, *_in_words(text))) if one.value]


def _in_words(text: str) -> list[Found]:
    found = []
    for match in _WORDS.finditer(text):
        number = whole(match["words"] or match["chinese"])
        if number is not None:
            found.append(Found(f"{'-' if match['sign'] else ''}{number}", *match.span(), Certainty.LIKELY))
    return found


def _value(match: re.Match[str]) -> str:
    number = digits_value(match["digits"]) * _SCALES.get((match["scale"] or "").lower(), 1)
    return f"{'-' if match['sign'] and number else ''}{plain(number)}"


def digits_value(digits: str) -> float:
    """What digits with separators mean.

    The last of two kinds of separators is the decimal one; a single comma, blank or apostrophe before three digits groups
    thousands, a single point does not.
    """
    separators = re.sub(r"\d", "", digits)
    if not separators:
        return float(digits)
    last = separators[-1]
    whole_part, _, fraction = digits.rpartition(last)
    grouping = separators.count(last) > 1 or (len(set(separators)) == 1 and last != "." and len(fraction) == 3)
    if grouping or last in " '’":
        return float(re.sub(r"\D", "", digits))
    return float(re.sub(r"\D", "", whole_part) + "." + fraction)


def plain(number: float) -> str:
    """A number without an exponent and without needless zeros: ``1250.5``."""
    return str(int(number)) if number == int(number) else f"{number:.6f}".rstrip("0")
