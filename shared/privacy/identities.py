"""Numbers that a state gave a person."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shared.privacy.digits import BEGIN, END
from shared.privacy.span import Span

#: Region, date of birth, sequence, check character. The checksum is not asked for: a mistyped number is personal too,
#: and of other numbers of 18 digits only one in some thousand has a region and a date in these places.
_CHINA = r"[1-8]\d{5} ?(?:18|19|20)\d\d ?(?:0[1-9]|1[0-2]) ?(?:0[1-9]|[12]\d|3[01]) ?\d{3}[\dXx]"
_HONG_KONG = r"[A-Z]{1,2}\d{6} ?\([0-9A]\)"
#: Social security numbers, written with their dashes or blanks; 000, 666, 00 and 0000 were never given.
_UNITED_STATES = r"(?!000|666)\d{3}([ -])(?!00)\d\d\1(?!0000)\d{4}"
#: National insurance numbers, with the letters that are given.
_UNITED_KINGDOM = r"(?i:[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D])"

_FORMS = re.compile(rf"{BEGIN}(?:{_UNITED_STATES}|{_CHINA}|{_UNITED_KINGDOM}|{_HONG_KONG}){END}|{BEGIN}{_HONG_KONG}")
_TAIWAN = re.compile(rf"{BEGIN}[A-Z][12]\d{{8}}{END}")
#: What the letters of Taiwan's numbers count, from 10 on.
_TAIWAN_LETTERS = "ABCDEFGHJKLMNPQRSTUVXYWZIO"

#: A number that is called a person's, whatever state gave it.
_CALLED_PERSONAL = re.compile(
    r"(?:passport|social security|\bssn|national insurance|\bnino|driv(?:er'?s?|ing) licen[cs]e|identity card|identification"
    r"|\b(?:national|citizen|personal|government|identity|resident|my) id|身份证|护照|驾驶证|驾照|通行证|居留证|居住证|证件|社保卡?)"
    r"(?: ?(?:number|card|no\.?|num|#|号码?))?(?: ?(?:is|was|是|为|:|,|，|=))? ?"
    rf"([A-Za-z]{{0,3}}\d(?:[ -]?\d){{4,17}}[A-Za-z]?){END}",
    re.IGNORECASE,
)


def identities(text: str) -> Iterator[Span]:
    """Numbers in the forms of China, Hong Kong, Taiwan, the US and the UK, and any number that is called one."""
    for match in _FORMS.finditer(text):
        yield Span(*match.span(), "id")
    for match in _TAIWAN.finditer(text):
        if _is_taiwanese(match.group()):
            yield Span(*match.span(), "id")
    for match in _CALLED_PERSONAL.finditer(text):
        yield Span(*match.span(1), "id")


def _is_taiwanese(number: str) -> bool:
    """By the checksum: without it, many an order number would be one."""
    tens, ones = divmod(_TAIWAN_LETTERS.index(number[0]) + 10, 10)
    weighted = sum(int(digit) * weight for digit, weight in zip(number[1:], (8, 7, 6, 5, 4, 3, 2, 1, 1), strict=True))
    return (tens + 9 * ones + weighted) % 10 == 0
