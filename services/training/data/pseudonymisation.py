"""Rows to train on that tell no one's numbers: each is replaced by an invented one of the same form."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import numpy as np

from services.training.data.splitting import Split
from shared.privacy.finding import find
from shared.privacy.span import Span
from shared.rows.row import RowT

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


def without_personal_numbers(parts: Split[RowT], seed: int) -> Split[RowT]:
    """The same rows with surrogates; the same seed gives the same ones, so that a resumed job trains on the same rows.

    What is drawn does not depend on what it replaces, and within a row it is the same for the same number: an answer goes on naming
    what was asked about. A surrogate is as long as the original, so every entity stays
    where it is, and looks like it, so that a model learns the same from it and reads real numbers when it serves.
    """
    rng = np.random.default_rng(seed)

    def replaced(rows: tuple[RowT, ...]) -> tuple[RowT, ...]:
        return tuple(row.with_texts(partial(_without_numbers, rng=rng, known={})) for row in rows)

    return Split(replaced(parts.train), replaced(parts.validation), replaced(parts.test))


def _without_numbers(text: str, rng: np.random.Generator, known: dict[str, str]) -> str:
    """The text with surrogates; those that are ``known`` of the same row's other texts are the same again."""
    spans = find(text)
    return _with_surrogates(text, spans, rng, known) if spans else text


def _with_surrogates(text: str, spans: Iterable[Span], rng: np.random.Generator, known: dict[str, str]) -> str:
    found = text
    for span in spans:
        private = text[span.start : _end_of_the_private_part(text, span)]
        if private not in known:
            known[private] = _surrogate(private, rng)
        found = found[: span.start] + known[private] + found[span.start + len(private) :]
    return found


def _surrogate(private: str, rng: np.random.Generator) -> str:
    characters = list(private)
    for place, character in enumerate(private):
        alphabet = _ALPHABET_OF.get(character) or (_DIGITS if character.isdecimal() else None)
        if alphabet is not None:
            characters[place] = alphabet[rng.integers(len(alphabet))]
    return "".join(characters)


def _end_of_the_private_part(text: str, span: Span) -> int:
    """The last part of a mail address names a country or a trade, and is what tells a model that it is one."""
    dot = text.rfind(".", span.start, span.end)
    return dot if span.kind == "email" and dot >= 0 else span.end
