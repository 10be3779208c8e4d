"""Where a text holds personal numbers and addresses."""

from __future__ import annotations

import re

from shared.privacy.accounts import accounts
from shared.privacy.cards import cards
from shared.privacy.emails import emails
from shared.privacy.folding import folded
from shared.privacy.identities import identities
from shared.privacy.phones import phones
from shared.privacy.span import Span

#: In this order: what an earlier one has found is not looked at again (an identity number may hold a phone number).
_DETECTORS = (emails, accounts, identities, cards, phones)

#: What none of them needs to see: six digits, an at sign or eleven numerals are the least that any of them finds.
_WORTH_A_LOOK = re.compile(r"[@＠]|\d(?:\D{0,3}\d){5}|[〇零一幺二两三四五六七八九]{11}")


def find(text: str) -> list[Span]:
    """The personal numbers and addresses in a text, from left to right; they do not overlap."""
    if not _WORTH_A_LOOK.search(text):
        return []
    view = folded(text)
    found: list[Span] = []
    for detector in _DETECTORS:
        for span in detector(view):
            if not any(map(span.overlaps, found)):
                found.append(span)
    return sorted(found, key=lambda span: span.start)
