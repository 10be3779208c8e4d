"""E-mail addresses, in small letters."""

from __future__ import annotations

import re

from shared.dialogue.values.found import Found

_ADDRESS = re.compile(
    r"(?<![\w.%+-])\w[\w.%+'-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z][A-Za-z0-9-]{1,62}(?![\w@])",
    re.ASCII,
)


def emails(text: str) -> list[Found]:
    """Every address in a text."""
    return [Found(match[0].lower(), *match.span()) for match in _ADDRESS.finditer(text)] if "@" in text else []
