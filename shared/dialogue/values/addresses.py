"""Postal addresses: as the answer to the question for one, or where a model found one, to its whole length."""

from __future__ import annotations

import re

from shared.dialogue.values.found import Found

_LEAD = re.compile(
    r"^(?:(?:it|that)(?:'s| is)|(?:my|the|our)? ?(?:new )?address (?:is|would be)|please|send (?:it|that) to|ship (?:it|that) to|deliver (?:it|that) to"
    r"|(?:it should go )?to|i (?:now )?live (?:at|in)|use|sure|ok|okay|yes|新地址是|地址是|寄到|送到)\b[\s:,]*",
    re.IGNORECASE,
)
#: What may follow a street and its number: a postcode with its town, a town, a county or a country, each behind a comma.
_REST = re.compile(
    r"(?:,?\s*[A-Z]{0,2}-?\d{3,6}(?:\s?[A-Z]{2})?\s+[^\W\d_]\S*(?:\s[^\W\d_a-z]\S*)*|,\s*[^\W\d_a-z]\S*(?:\s[^\W\d_a-z]\S*)*)*"
)
_CHINESE = re.compile(r"[省市区县路街道号楼室]")
#: What makes a message with a number an address: a name beside the number, or a kind of street.
_STREET = re.compile(
    r"\d+\s?[a-z]?,?\s+[^\W\d_a-z]\w+|[^\W\d_a-z][\w.'-]+\s+\d+|\b(?:street|st|road|rd|avenue|ave|lane|drive|square|way|rue|via|calle|platz)\b"
    r"|(?:stra(?:ß|ss)e|str\.|weg|gasse|allee)",
)


def address(text: str) -> str | None:
    """The message as an address, without the words that lead in; ``None`` if it does not look like one: no number, or no name."""
    stripped = text.strip().rstrip(".!")
    while (lead := _LEAD.match(stripped)) is not None and lead.end() < len(stripped):
        stripped = stripped[lead.end() :]
    if _CHINESE.search(stripped) and len(stripped) >= 5:
        return stripped
    has_number = any(sign.isdigit() for sign in stripped)
    return " ".join(stripped.split()) if has_number and _STREET.search(stripped) else None


def extended(text: str, start: int, end: int) -> Found:
    """The address of which a part was found at a span, with postcode and town behind it."""
    rest = _REST.match(text, end)
    end = rest.end() if rest is not None else end
    return Found(text[start:end], start, end)
