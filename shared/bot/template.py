"""Templates: texts with ``{placeholders}``; a brace of its own is written twice."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_PIECES = re.compile(r"(?P<brace>\{\{|\}\})|\{(?P<name>(?:customer\.)?[a-z][a-z0-9_]*)\}|(?P<stray>[{}])")


def placeholders(template: str) -> Iterator[str]:
    """The names between braces, in order.

    Raises:
        ValueError: A brace is neither doubled nor part of a placeholder.
    """
    for piece in _PIECES.finditer(template):
        if piece["stray"]:
            around = template[max(0, piece.start() - 10) : piece.end() + 10]
            raise ValueError(f"a stray brace in {around!r}: write {{{{ or }}}} for a brace, or {{slot}} for a value")
        if piece["name"]:
            yield piece["name"]


CUSTOMER = "customer."
"""What placeholders begin with that stand for something known of the customer."""


def about_customer(template: str) -> set[str]:
    """What a checked template says of the customer: ``name`` of ``{customer.name}``."""
    if CUSTOMER not in template:
        return set()
    return {name.removeprefix(CUSTOMER) for name in placeholders(template) if name.startswith(CUSTOMER)}


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with its values; they are inserted as they are, braces included.

    Raises:
        KeyError: A placeholder without a value, which a checked bot file does not have.
    """
    return _PIECES.sub(lambda piece: values[piece["name"]] if piece["name"] else piece[0][0], template)
