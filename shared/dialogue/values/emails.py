"""E-mail addresses."""

from __future__ import annotations

import re

from shared.dialogue.values.found import Found

_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")


def emails(text: str) -> list[Found]:
    """Every e-mail address, in small letters."""
    return [Found(match[0].lower(), match.start(), match.end()) for match in _EMAIL.finditer(text)]
