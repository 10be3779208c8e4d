"""Texts with what is personal in them replaced by the name of its kind."""

from __future__ import annotations

from typing import Any

from shared.privacy.finding import find


def masked(text: str) -> str:
    """The text with ``[card]``, ``[account]``, ``[phone]``, ``[email]`` or ``[id]`` in place of what ``find`` finds."""
    spans = find(text)
    if not spans:
        return text
    parts, at = [], 0
    for span in spans:
        parts += [text[at : span.start], f"[{span.kind}]"]
        at = span.end
    return "".join((*parts, text[at:]))


def masked_values(value: Any) -> Any:
    """A value with every text in it masked, keys included; what JSON has no form for becomes its masked ``repr``."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {masked(str(key)): masked_values(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [masked_values(item) for item in value]
    return value if value is None or isinstance(value, int | float) else masked(repr(value))
