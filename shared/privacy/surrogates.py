"""Invented numbers in the place of personal ones, of the same form and length."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from shared.privacy.finding import find
from shared.privacy.span import Span

Pick = Callable[[int], int]
"""A random number below the one given; whoever needs the same surrogates again seeds it."""

_DIGITS, _NUMERALS = "0123456789", "〇一二三四五六七八九"
_LETTERS = ("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_FULL_WIDTH = 0xFEE0
"""Distance of the full-width form of an ASCII character."""

#: A character is replaced by one of its alphabet; what is in none (separators, the at sign) stays.
_ALPHABETS = (
    _NUMERALS,
    *(
        alphabet
        for narrow in (_DIGITS, *_LETTERS)
        for alphabet in (narrow, "".join(chr(ord(c) + _FULL_WIDTH) for c in narrow))
    ),
)
_ALPHABET_OF = {character: alphabet for alphabet in _ALPHABETS for character in alphabet} | dict.fromkeys(
    "零幺两", _NUMERALS
)


def with_surrogates(text: str, pick: Pick, known: dict[str, str]) -> str:
    """The text with surrogates; those that are ``known`` from other texts are the same again.

    A surrogate is as long as the original, so every span stays where it is, and looks like it, so that a model learns the same
    from it and reads real numbers when it serves.
    """
    spans = find(text)
    return _replaced(text, spans, pick, known) if spans else text


def _replaced(text: str, spans: Iterable[Span], pick: Pick, known: dict[str, str]) -> str:
    found = text
    for span in spans:
        private = text[span.start : _end_of_the_private_part(text, span)]
        if private not in known:
            known[private] = _surrogate(private, pick)
        found = found[: span.start] + known[private] + found[span.start + len(private) :]
    return found


def _surrogate(private: str, pick: Pick) -> str:
    characters = list(private)
    for place, character in enumerate(private):
        alphabet = _ALPHABET_OF.get(character) or (_DIGITS if character.isdecimal() else None)
        if alphabet is not None:
            characters[place] = alphabet[pick(len(alphabet))]
    return "".join(characters)


def _end_of_the_private_part(text: str, span: Span) -> int:
    """The last part of a mail address names a country or a trade, and is what tells a model that it is one."""
    dot = text.rfind(".", span.start, span.end)
    return dot if span.kind == "email" and dot >= 0 else span.end
