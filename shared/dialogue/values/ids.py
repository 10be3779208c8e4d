"""Order numbers, and values that a bot's own pattern describes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shared.bot.patterns import matches
from shared.dialogue.values.found import Certainty, Found, apart
from shared.dialogue.values.words import stands_alone

_MARKED = re.compile(r"(?<![\w#-])(?:#\s?\d{3,12}|[a-z]{1,4}-\d{3,12})(?![\w-])", re.IGNORECASE | re.ASCII)
_DIGITS = re.compile(r"(?<![\w#+.,/@-])(?!0\d{8})\d{5,12}(?![\w@/-]|[.,]\d)", re.ASCII)
_BARE = re.compile(r"(?<![\w#-])(?:[a-z]{1,4}-?)?\d{3,12}(?![\w-])", re.IGNORECASE | re.ASCII)
_NAMED = re.compile(
    r"\b(?:order|parcel|shipment)(?:\s{1,3}(?:number|no|nr|id))?\.?(?:\s{1,3}is)?\s{0,3}[:#]?\s{0,3}(?P<id>(?:[a-z]{1,4})?\d{4,12})(?![\w-])"
    r"|订单号?[是为:]?\s?(?P<chinese>[a-z]{0,4}-?\d{3,12})(?![\w-])",
    re.IGNORECASE | re.ASCII,
)
#: Digits after these are no order number; neither are those before a name: "10115 Berlin".
_OTHER_NUMBER = re.compile(
    r"(?:phone|tel|mobile|cell|call|whatsapp|fax|postcode|zip(?:\s?code)?|postal\scode|plz|live\sin|card|iban|account|电话|手机|邮编|卡号)\W{0,3}(?:\w{1,6}\W{1,3}){0,3}\Z",
    re.IGNORECASE,
)
_TOWN = re.compile(
    r",?\s{1,2}(?!(?:Please|Thanks|Thank|It|Is|And|But|The|My|I|Can|Could|Where|When|What|Why|How|Order|For)\b)[A-ZÄÖÜÉ][a-zäöüßéèçñ]{2}"
)
_WORD = re.compile(r"[^\s,;:=!?()\"'“”\u2e80-\u9fff]{1,64}")


def order_numbers(text: str) -> list[Found]:
    """Every order number in a text, in capitals and without ``#``."""
    return apart(_orders(text))


def _orders(text: str) -> Iterator[Found]:
    for match in _MARKED.finditer(text):
        yield _order(match)
    for match in _NAMED.finditer(text):
        yield _order(match, "id" if match["id"] else "chinese")
    for match in _DIGITS.finditer(text):
        if not _OTHER_NUMBER.search(text, max(0, match.start() - 40), match.start()) and not _TOWN.match(
            text, match.end()
        ):
            yield _order(match, certainty=Certainty.LIKELY)
    for match in _BARE.finditer(text):
        if stands_alone(text, *match.span()):
            yield _order(match, certainty=Certainty.ANSWER)


def _order(match: re.Match[str], group: int | str = 0, certainty: Certainty = Certainty.PLAIN) -> Found:
    return Found(match[group].lstrip("# ").upper(), *match.span(group), certainty)


def patterned(text: str, pattern: str) -> list[Found]:
    """Every word that a pattern describes whole, in capitals."""
    words = (
        (match[0].strip("."), match.start() + len(match[0]) - len(match[0].lstrip(".")))
        for match in _WORD.finditer(text)
    )
    return [
        Found(word.upper(), start, start + len(word), Certainty.LIKELY)
        for word, start in words
        if word and matches(pattern, word)
    ]
