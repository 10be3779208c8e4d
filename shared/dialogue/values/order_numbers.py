"""Order numbers: "A-10432", "#558201", or digits alone, where these are no postcode and no telephone number."""

from __future__ import annotations

import re

from shared.dialogue.values.found import Found

_IN_TEXT = re.compile(r"(?<![\w#-])(?:#\d{3,12}|[a-z]{1,4}-\d{3,12}|\d{5,12})(?![\w-])", re.IGNORECASE | re.ASCII)
_ALONE = re.compile(r"#?\s?(?:[a-z]{1,4}-?)?\d{3,12}", re.IGNORECASE | re.ASCII)
#: Digits before a name with a capital are a postcode with its town, unless the word before them says what they are.
_TOWN = re.compile(r"\s+[^\W\d_a-z][^\W\d_]+")
_SAYS_ORDER = re.compile(r"(?:\border|\bnumber|\bno\.?|\bnr\.?|\bit'?s|\bis|#|订单号?|单号|是|:)\s*$", re.IGNORECASE)
_MONEY = re.compile(r"\s?(?:[$€£¥]|eur|usd|dollars?|pounds?|chf|元|块)", re.IGNORECASE)


def order_numbers(text: str) -> list[Found]:
    """Every order number in a message."""
    return [
        Found(_form(match[0]), match.start(), match.end())
        for match in _IN_TEXT.finditer(text)
        if not is_postcode(text, match.start(), match.end()) and not _MONEY.match(text, match.end())
    ]


def order_number(text: str) -> str | None:
    """The text as an order number, in the form that is kept; ``None`` if it is none."""
    text = text.rstrip(".?")
    return _form(text) if _ALONE.fullmatch(text) else None


def is_postcode(text: str, start: int, end: int) -> bool:
    """Whether digits stand before the name of a town."""
    digits = text[start:end]
    if not digits.isdigit() or len(digits) > 6 or not _TOWN.match(text, end):
        return False
    return _SAYS_ORDER.search(text, 0, start) is None


def _form(text: str) -> str:
    return text.lstrip("# ").upper()
