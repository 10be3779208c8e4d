"""Who of a watch-list is named in a text: one pass of an automaton, however long the list is (Aho and Corasick 1975). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import ahocorasick

from shared.contracts.monitoring.streams import Watched
from shared.text.normalisation import normalise

#: A word in these goes on to its border: "Gold" is not in "Goldman". Chinese and Japanese have no blanks between words.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_LETTER = re.compile(rf"[^\W_{_UNSPACED}]")
#: Names that are words as well when they are written small: "ALL", "NOW".
_TICKER = re.compile(r"[A-Z0-9.]{1,6}")


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody's name in a text.

    Attributes:
        entity: What they are called on the watch-list.
        start: Where the name begins in the text, in characters.
        end: Where it ends, exclusive.
    """

    entity: str
    start: int
    end: int


class WatchList:
    """The names of a watch-list in texts. Of names that overlap the one that begins first counts, and of those the longest.

    A name of capitals and digits, such as a ticker, is found in capitals only; all others in any letter case, and all in full-width
    characters too. In scripts with blanks between words a name is found as whole words.
    """

    def __init__(self, watched: Iterable[Watched]) -> None:
        names: dict[str, list[tuple[str, str | None]]] = {}
        for one in watched:
            for name in (one.name, *one.aliases):
                read = normalise(name).text.strip()
                if read:
                    names.setdefault(_lowered(read), []).append((one.name, read if _TICKER.fullmatch(read) else None))
        self._automaton = ahocorasick.Automaton()
        for lowered, owners in names.items():
            self._automaton.add_word(lowered, (len(lowered), owners))
        if names:
            self._automaton.make_automaton()
        self._is_empty = not names

    def find(self, text: str) -> list[Mention]:
        """The names in order."""
        if self._is_empty:
            return []
        read = normalise(text)
        free, mentions = 0, []
        for start, end, entity in sorted(self._candidates(read.text), key=lambda one: (one[0], -one[1])):
            if start >= free:
                mentions.append(Mention(entity, *read.original(start, end)))
                free = end
        return mentions

    def _candidates(self, text: str) -> Iterator[tuple[int, int, str]]:
        for last, (length, owners) in self._automaton.iter(_lowered(text)):
            start, end = last + 1 - length, last + 1
            if not _is_whole(text, start, end):
                continue
            for entity, capitals in owners:
                if capitals is None or text[start:end] == capitals:
                    yield start, end, entity
                    break


def _lowered(text: str) -> str:
    """In small letters, as long as before: a few letters are written small with two."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)


def _is_whole(text: str, start: int, end: int) -> bool:
    begins = start == 0 or not (_LETTER.match(text[start]) and _LETTER.match(text[start - 1]))
    return begins and (end == len(text) or not (_LETTER.match(text[end - 1]) and _LETTER.match(text[end])))
