"""Texts cut into pieces that a model reads whole, and the pieces that are about somebody. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.monitoring.reading.watch_list import Mention

#: About as many tokens as a window has at most; a Chinese character is one, four Latin ones are.
_BUDGET = 60
#: Windows of one text; what follows is not read.
MAX_WINDOWS = 32

#: What ends with a point and no sentence.
_ABBREVIATIONS = "".join(
    rf"(?<!\b{word}\.)"
    for word in [
        "Inc",
        "Corp",
        "Co",
        "Ltd",
        "Bhd",
        "Pvt",
        "plc",
        "No",
        "vs",
        "Mr",
        "Mrs",
        "Ms",
        "Dr",
        "St",
        "Jr",
        "Sr",
        "U.S",
        "U.K",
        "e.g",
        "i.e",
        "Rs",
        "approx",
    ]
)
_SENTENCE_END = re.compile(rf"(?<=[.!?…]){_ABBREVIATIONS}\s+|(?<=[。！？；])|[\n\r]+")
#: Where one thing is over and another may be said of somebody else.
_CLAUSE_END = re.compile(
    r"(?<=[,;:])\s+|\s+[-–—]+\s+|(?<=[，；：、])"
    r"|\s+(?=(?:while|whereas|but|although|though|as|after|despite|yet|even as)\b)|(?=(?:但是?|而|却|不过|然而|尽管))",
    re.IGNORECASE,
)
_SIGN = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
_WORD = re.compile(r"[\u3400-\u9fff]|[^\W_]+")
#: Words besides the names that a clause needs to say something.
_MIN_WORDS = 1


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of a text: a half-open span of its characters."""

    start: int
    end: int


def windows(text: str) -> list[Window]:
    """Sentences, as many together as a model reads whole; one that is longer is cut at a blank or wherever it has to be."""
    joined: list[Window] = []
    for window in _short_sentences(text):
        if joined and _weight(text[joined[-1].start : window.end]) <= _BUDGET:
            joined[-1] = Window(joined[-1].start, window.end)
        elif len(joined) == MAX_WINDOWS:
            break
        else:
            joined.append(window)
    return joined or [Window(0, len(text))]


def about(text: str, entity: str, mentions: Sequence[Mention]) -> list[Window]:
    """Where something is said of ``entity``: the sentences that name nobody else, and of the others the clauses.

    A clause of names alone says nothing by itself: it is read with the whole sentence.
    """
    found = []
    for sentence in _pieces(text, Window(0, len(text)), _SENTENCE_END):
        inside = _inside(mentions, sentence)
        if entity not in {one.entity for one in inside}:
            continue
        if len({one.entity for one in inside}) == 1:
            found.append(sentence)
        else:
            found += _clauses(text, sentence, entity, inside)
    return found[:MAX_WINDOWS]


def _clauses(text: str, sentence: Window, entity: str, mentions: Sequence[Mention]) -> list[Window]:
    found: list[Window] = []
    owner: str | None = None
    for clause in _pieces(text, sentence, _CLAUSE_END):
        inside = _inside(mentions, clause)
        names = {one.entity for one in inside}
        if entity in names and _says_something(text, clause, inside):
            found.append(clause)
        elif not names and owner == entity and found:  # goes on about whom was named last
            found[-1] = Window(found[-1].start, clause.end)
        owner = inside[-1].entity if inside else owner
    return found or [sentence]


def _says_something(text: str, clause: Window, mentions: Sequence[Mention]) -> bool:
    named = sum(len(_WORD.findall(text[one.start : one.end])) for one in mentions)
    return len(_WORD.findall(text[clause.start : clause.end])) - named >= _MIN_WORDS


def _inside(mentions: Sequence[Mention], window: Window) -> list[Mention]:
    return [one for one in mentions if window.start <= one.start < window.end]


def _short_sentences(text: str) -> Iterator[Window]:
    for sentence in _pieces(text, Window(0, len(text)), _SENTENCE_END):
        start = sentence.start
        while _weight(text[start : sentence.end]) > _BUDGET:
            end = _fitting(text, start, sentence.end)
            yield Window(start, end)
            start = end
        yield Window(start, sentence.end)


def _fitting(text: str, start: int, end: int) -> int:
    """Where to cut: after as much as fits, at a blank if there is one in the second half of it."""
    weight, place = 0.0, start
    while place < end and weight < _BUDGET:
        weight += _weight(text[place])
        place += 1
    blank = text.rfind(" ", start + (place - start) // 2, place)
    return blank if blank > 0 and not _SIGN.match(text[place - 1]) else place


def _pieces(text: str, within: Window, boundary: re.Pattern[str]) -> Iterator[Window]:
    start = within.start
    for found in boundary.finditer(text, within.start, within.end):
        if text[start : found.start()].strip():
            yield Window(start, found.start())
            start = found.end()
    if text[start : within.end].strip():
        yield Window(start, within.end)


def _weight(text: str) -> float:
    signs = len(_SIGN.findall(text))
    return signs + (len(text) - signs) / 4
