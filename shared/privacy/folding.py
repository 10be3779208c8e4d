"""Texts with their typographical variants made alike, character by character, so that every position stays."""

from __future__ import annotations

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—−"), "-")
_BLANKS = dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u202f\u3000\t\r\n"), " ")
#: Zero-width characters keep a number together for the eye and break it for a machine.
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"), "-")

_TABLE: dict[int, int | str] = {**_FULL_WIDTH, **_DASHES, **_BLANKS, **_INVISIBLE}


def folded(text: str) -> str:
    """Full-width characters as ASCII, every dash as ``-``, every blank as a space; as long as the text itself."""
    return text.translate(_TABLE)
