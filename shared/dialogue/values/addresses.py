"""Postal addresses: street and number, postcode and town, in the forms of several countries."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shared.dialogue.values.found import Certainty, Found, apart

_NAME = r"[A-ZÄÖÜÉÀ-Þ][\w.'’-]{0,30}"
_ROAD = (
    r"(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|square|sq|boulevard|blvd|court|ct|close|way|place|pl|terrace|crescent|row|gardens|"
    r"hill|park|mews|quay|parade|highway|hwy|parkway|pkwy|circle)\b\.?"
)
#: "2 days on the road", "2 tickets for the drive" are no streets.
_NO_SENTENCE = r"(?!(?:a|an|and|at|by|for|from|i|in|is|it|my|of|off|on|or|our|per|the|to|we|with|you|your|days?|weeks?|hours?|minutes?|months?|years?)\b)"
_STREETS = (
    # 12 Baker Street; 221b baker st; 1600 Pennsylvania Ave NW
    rf"(?<![\w#-])\d{{1,5}}[a-z]?(?:[-/]\d{{1,4}})?,?\s{{1,2}}(?:{_NO_SENTENCE}[\w.'’-]{{1,30}}\s{{1,2}}){{1,4}}?{_ROAD}(?:\s(?:NW|NE|SW|SE|N|S|E|W)\b)?",
    # 5 rue de Rivoli; Via Roma 12; Calle Mayor 7
    r"\b\d{1,4}(?:\s?(?:bis|ter))?,?\s{1,2}(?:rue|avenue|boulevard|place|quai|chemin|impasse)\s{1,2}[\w'’ -]{2,40}",
    r"\b(?:via|viale|piazza|corso|calle|avenida|plaza|paseo|rua|praça|ulica|ul\.)\s{1,2}[\w'’ -]{2,40}?,?\s{1,2}\d{1,4}\b",
)
#: Hauptstraße 5, Berliner Str. 12a, Lange Gasse 3: found by the end of the name, whose beginning is then looked for.
_GERMAN_END = re.compile(
    r"(?:stra(?:ß|ss)e|str\.?|gasse|platz|allee|damm|ufer|ring|weg|straat|laan|gracht)\s{1,2}\d{1,4}\s?[a-z]?\b",
    re.IGNORECASE,
)
_GERMAN_NAME = re.compile(r"(?:\w[\w.-]{0,30}|(?:[A-ZÄÖÜ][\w.'’]{0,30}[ -]){1,3})\Z")
_STREET = tuple(re.compile(pattern, re.IGNORECASE) for pattern in _STREETS)
_TOWNS = (
    rf"(?<![\w#-])(?:[A-Z]{{1,2}}-)?\d{{4,5}}(?:\s?[A-Z]{{2}})?,?\s{{1,2}}{_NAME}(?:\s(?:am|an|der|im|in|sur|de|la)?\s?{_NAME}){{0,3}}",
    rf"(?:\b{_NAME}\s){{0,2}}\b[A-Z]{{1,2}}\d[A-Z\d]?\s?\d[A-Z]{{2}}\b",
    rf"\b{_NAME}(?:\s{_NAME}){{0,2}},?\s[A-Z]{{2}},?\s\d{{5}}(?:-\d{{4}})?\b",
)
_TOWN = tuple(re.compile(pattern) for pattern in _TOWNS)
#: What may stand beside a street or a town and belongs to the address: flat, floor, house, town, state, postcode.
_PIECE = re.compile(
    rf"\s{{0,2}},\s{{0,2}}(?P<piece>(?:{_NAME}|[A-Z]{{2}}|\d{{1,6}}(?:-\d{{4}})?|[A-Z]{{1,2}}\d[A-Z\d]?)(?:[ -](?:{_NAME}|[A-Z]{{2,3}}|\d{{1,6}}|\d[A-Z]{{2}}|of|de|la|del|am|upon|on)){{0,5}})(?=\s{{0,2}}(?:[,.;!?\n]|\Z|please\b|thanks\b|and\b|for\b))"
)
_LOWER_TOWN = re.compile(r"\s{0,2},\s{0,2}(?:\d{4,5}\s)?[a-zà-ÿ]{3,30}(?:\s[a-zà-ÿ]{3,30})?(?=\s{0,2}\Z)")
_FLAT = re.compile(
    r"\b(?:flat|apartment|apt\.?|unit|suite|room|floor|house)\s{1,2}(?:\w{1,6},?\s{1,2})?\Z", re.IGNORECASE
)
_CHINESE = re.compile(
    r"(?:[\u4e00-\u9fff]{2,8}(?:省|自治区))?(?:[\u4e00-\u9fff]{2,8}市)?(?:[\u4e00-\u9fff]{1,8}[区县旗])?(?:[\u4e00-\u9fff]{1,8}[镇乡])?"
    r"[\u4e00-\u9fff\d]{1,12}(?:路|街|大道|巷|弄|胡同|村|小区|花园)\d{1,5}号?(?:[\u4e00-\u9fff\d-]{1,12}(?:栋|幢|楼|单元|室|号))?"
)
_CHINESE_LEAD = re.compile(
    r"\A(?:.{0,8}?(?:地址|送到|寄到|寄往|改成|改为|住在)(?:是|为|改成|改为|到)?[:：]?)?(?:请|我|是|在|到)?"
)


def addresses(text: str) -> list[Found]:
    """Every postal address in a text, as it is written."""
    return apart((*_western(text), *_chinese(text)))


def _western(text: str) -> Iterator[Found]:
    for match in _GERMAN_END.finditer(text):
        name = _GERMAN_NAME.search(text[max(0, match.start() - 60) : match.start()])
        if name is not None:
            yield _address(text, match.start() - len(name[0]), match.end(), Certainty.PLAIN)
    for patterns, certainty in ((_STREET, Certainty.PLAIN), (_TOWN, Certainty.LIKELY)):
        for pattern in patterns:
            for match in pattern.finditer(text):
                yield _address(text, *match.span(), certainty)


def _address(text: str, start: int, end: int, certainty: Certainty) -> Found:
    start, end = _extended(text, start, end)
    return Found(" ".join(text[start:end].split()), start, end, certainty)


def _extended(text: str, start: int, end: int) -> tuple[int, int]:
    """A street with its flat in front and its town behind, up to five pieces between commas."""
    flat = _FLAT.search(text, max(0, start - 30), start)
    if flat is not None:
        start = flat.start()
    for _ in range(5):
        piece = _PIECE.match(text, end) or _town_after(text, end) or _LOWER_TOWN.match(text, end)
        if piece is None:
            break
        end = piece.end()
    return start, end


def _town_after(text: str, end: int) -> re.Match[str] | None:
    start = end + len(text[end : end + 4]) - len(text[end : end + 4].lstrip(" ,\n"))
    return next((match for pattern in _TOWN if (match := pattern.match(text, start))), None) if start > end else None


def _chinese(text: str) -> Iterator[Found]:
    for match in _CHINESE.finditer(text):
        lead = _CHINESE_LEAD.match(match[0])
        start = match.start() + (lead.end() if lead else 0)
        yield Found(text[start : match.end()], start, match.end())
