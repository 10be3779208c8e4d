"""E-mail addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shared.privacy.span import Span

#: The name in ASCII: in front of it Chinese may stand without a space, and would be taken for a part of it.
_ADDRESS = re.compile(
    r"(?<![0-9A-Za-z._%+\-])[0-9A-Za-z][0-9A-Za-z._%+'\-]{0,63}(?:@| @ )"
    r"(?:(?:[0-9A-Za-z\-]{1,63}\.){1,8}[A-Za-z]{2,24}|[\w\-]{1,63}\.(?:中国|公司|网络))(?![0-9A-Za-z_])"
)


def emails(text: str) -> Iterator[Span]:
    """Addresses with a domain of at least two parts."""
    if "@" in text:
        for match in _ADDRESS.finditer(text):
            yield Span(*match.span(), "email")
