"""Phone numbers. What a country's numbers look like is known by ``phonenumbers``, the port of Google's library."""

from __future__ import annotations

import re
from collections.abc import Iterator

from phonenumbers import NumberParseException, is_valid_number, parse

from shared.privacy.digits import END
from shared.privacy.span import Span

#: Whose numbers are known without a country code: those that begin with the 0 of a trunk, and those that do not.
_WITH_TRUNK, _WITHOUT_TRUNK = ("CN", "GB"), ("CN", "US", "IN")

#: Digits with what people put between them; at most 15 digits (ITU-T E.164), and some for the prefix of a trunk.
_CANDIDATE = re.compile(
    r"(?<![0-9A-Za-z_+])(?<!\d[.,])(?:\+ ?)?(?:\((?=\d{1,5}\)))?\d(?:[ ().\-/]{0,3}\d){6,17}(?![0-9A-Za-z_%]|[.,]\d)"
)
_SHORTER = re.compile(r".*\d(?=[ ().\-/]+\d)")
_FIRST_GROUP = re.compile(r"(?:\+ ?)?\(?\d+[ ().\-/]+(?=\d)")
_SHORTEST_WITH_TRUNK, _SHORTEST_WITHOUT = 9, 10
_COUNTRY_CODES = ("1", "44", "86")
_CHINESE_MOBILE = re.compile(r"1[3-9]\d{9}")
_DATE = re.compile(r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})(?!\d)")
_MONEY = re.compile(r"[$€£¥￥] ?$")
#: Ten digits in one piece may be anything: what is called an order's, or follows letters and a dash, is no phone's.
_REFERENCE = re.compile(
    r"(?:#|[A-Za-z][-/]|(?:order|booking|reference|ref|ticket|tracking|parcel|invoice|case|flight|confirmation|reservation"
    r"|serial|item|transaction|account|purchase|bill|订单|单号|编号|运单|快递|发票|票号|流水|账号|预订|航班)"
    r"\W{0,3}(?:number|no\.?|num|id|code|号码?)?\W{0,3}(?:is|was|是|为)?\W{0,3})$",
    re.IGNORECASE,
)
_CALLED_A_PHONE = re.compile(
    r"(?:\b(?:phone|mobile|cell|cellphone|telephone|tel|whatsapp|fax|contact (?:number|no)|(?:call|text|ring|reach) (?:me|us))|电话|手机|座机|传真|热线)"
    r"(?:[ ,:.=(，]|number|no\b|is|was|at|on|号码?|是|为){0,6}"
    rf"(\+?\d(?:[ ().\-]{{0,2}}\d){{6,14}}){END}",
    re.IGNORECASE,
)
_NUMERAL = "[〇零一幺二两三四五六七八九]"
_SPELLED = re.compile(rf"(?<!{_NUMERAL})([一幺][三四五六七八九]{_NUMERAL}{{9}})(?!{_NUMERAL})")

#: Questions to the library about one text, some 30 µs each; further candidates are taken for phone numbers by their looks.
_MAX_ASKED = 200


def phones(text: str) -> Iterator[Span]:
    """Numbers with a country code, those of China, the UK, the US and India without one, and any number that is called a phone's."""
    asked = at = 0
    while match := _CANDIDATE.search(text, at):
        at = _after_first_group(text, match)
        for written in _prefixes(text, match):
            number = _as_dialled(written, text[max(0, match.start() - 40) : match.start()])
            if number is None:
                continue
            asked += 1
            if asked > _MAX_ASKED or _is_valid(number):
                at = match.start() + len(written)
                yield Span(match.start(), at, "phone")
                break
    for pattern in (_CALLED_A_PHONE, _SPELLED):
        for named in pattern.finditer(text):
            yield Span(*named.span(1), "phone")


def _prefixes(text: str, match: re.Match[str]) -> Iterator[str]:
    """What a candidate may be, the longest first: numbers that follow each other look like one."""
    written = match.group()
    if _DATE.match(written) or _MONEY.search(text, max(0, match.start() - 2), match.start()):
        return
    while True:
        yield written
        shorter = _SHORTER.match(written)
        if shorter is None:
            return
        written = shorter.group()


def _after_first_group(text: str, match: re.Match[str]) -> int:
    first = _FIRST_GROUP.match(text, match.start(), match.end())
    return first.end() if first else match.end()


def _as_dialled(written: str, before: str) -> str | None:
    """The digits, with a plus if they begin with a country code; ``None`` if nobody writes a phone number like this."""
    groups = re.findall(r"\d+", written)
    digits = "".join(groups)
    if written.count("(") != written.count(")"):
        return None
    if written.startswith("+"):
        return f"+{digits}"
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    if len(digits) < (_SHORTEST_WITH_TRUNK if digits.startswith("0") else _SHORTEST_WITHOUT):
        return None
    if len(groups) > 1:
        if groups[0] in _COUNTRY_CODES:
            return f"+{digits}"
        return digits if min(map(len, groups)) >= 3 else None
    return digits if _CHINESE_MOBILE.fullmatch(digits) or not _REFERENCE.search(before) else None


def _is_valid(number: str) -> bool:
    if number.startswith("+"):
        return _is_valid_in(None, number)
    return any(_is_valid_in(region, number) for region in (_WITH_TRUNK if number.startswith("0") else _WITHOUT_TRUNK))


def _is_valid_in(region: str | None, number: str) -> bool:
    try:
        return is_valid_number(parse(number, region))
    except NumberParseException:
        return False
