"""What can be wrong with a record of a data file, said in the words that every task uses."""

from __future__ import annotations

import re

from shared.text.normalisation import folded

#: Characters of one text.
MAX_TEXT = 10_000
#: Characters of a label.
MAX_LABEL = 100

#: Control characters, and surrogates: the remains of a broken encoding, which no JSON or database can carry.
_UNCLEAN = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")

Problem = tuple[str, str]
"""The field at fault, and what is wrong with what to do about it."""


class Faulty(Exception):
    """A record that is no row; carries every problem found in it. Never leaves the reading of files."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems)
        self.problems = problems


def text_problem(value: object, most: int = MAX_TEXT) -> str | None:
    """What is wrong with a text, if anything is.

    Args:
        value: Whatever stands in its place; not ``None``.
        most: Characters.
    """
    if not isinstance(value, str):
        return f"must be a string, not {kind(value)}"
    if not value.strip():
        return "empty; give a text or remove it"
    if not folded(value):
        return "holds only characters that nobody sees; give a text or remove it"
    if len(value) > most:
        return f"{len(value)} characters long; shorten it to {most} or split the row"
    if _SURROGATE.search(value):
        return "holds a lone surrogate (half of a character); save the file again as valid UTF-8"
    if "\0" in value:
        return "holds a NUL character; remove it"
    return None


def label_problem(value: object) -> str | None:
    """What is wrong with the name of a label, if anything is; ``value`` is not ``None``."""
    if not isinstance(value, str):
        return f"must be a string, not {kind(value)}"
    if not value.strip():
        return "empty; name the label, or leave the field out if the row has none"
    if value != value.strip():
        return f"{shown(value)} begins or ends with white space; remove it"
    if len(value) > MAX_LABEL:
        return f"a label name of {len(value)} characters; use at most {MAX_LABEL}"
    if _UNCLEAN.search(value):
        return f"{shown(value)} holds control characters; remove them"
    return None


def kind(value: object) -> str:
    """What a parsed value is, for people."""
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a string",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), "null")


def shown(value: object) -> str:
    """A value as a message quotes it: short, and without control characters."""
    text = ascii(value) if isinstance(value, str) and _UNCLEAN.search(value) else repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
