"""International bank account numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shared.privacy.digits import BEGIN, END
from shared.privacy.span import Span

_SHORTEST = 15
_CANDIDATE = re.compile(rf"{BEGIN}[A-Za-z]{{2}}\d\d(?:[ -]?[0-9A-Za-z]{{4}}){{2,7}}(?:[ -]?[0-9A-Za-z]{{1,3}})?{END}")
_FIRST_PART = re.compile(r".*(?=[ -])")


def accounts(text: str) -> Iterator[Span]:
    """IBANs with a valid checksum. Words that follow one are cut off until it holds."""
    for match in _CANDIDATE.finditer(text):
        written = match.group()
        while not is_iban(written) and (shorter := _FIRST_PART.match(written)):
            written = shorter.group()
        if is_iban(written):
            yield Span(match.start(), match.start() + len(written), "account")


def is_iban(written: str) -> bool:
    """Whether the checksum of ISO 13616 holds; blanks and dashes do not count."""
    compact = re.sub(r"[ -]", "", written)
    if len(compact) < _SHORTEST:
        return False
    return int("".join(str(int(character, 36)) for character in compact[4:] + compact[:4])) % 97 == 1
