"""Which values a customer names only to rule them out: "not business", "anything but economy", "不要商务舱"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from shared.dialogue.values.found import Found

#: How far before a value the words stand that rule it out, in characters.
_REACH = 40
_RULES_OUT = re.compile(
    r"(?:\bnot|\bno|n't|\bnever|\binstead of|\brather than|\bexcept(?: for)?|\bother than|\banything but|\bany but|\ball but|\bwithout)"
    r"(?:\s+(?:be|on|the|to|from|in|at|for|with|a|an|want|fly|go|take|my|by|of|via))*\s*[\"“'‘]?$"
    r"|(?:不要|不是|别|除了|不想|不坐|不去|而不是)(?:在|去|到|坐|用|是)?$",
    re.IGNORECASE,
)
#: Words after which a value takes the place of one said before.
_CORRECTS = re.compile(
    r"\b(?:no|sorry|wait|rather|instead|i mean|i meant|actually|correction|make it|better|but)\b|不对|不是|改成|应该是|而是",
    re.IGNORECASE,
)


def is_ruled_out(text: str, start: int) -> bool:
    """Whether the value that begins at ``start`` is named to be ruled out."""
    return _RULES_OUT.search(text, max(start - _REACH, 0), start) is not None


def wanted(text: str, found: Sequence[Found]) -> list[Found]:
    """The values that are not ruled out; of those before and after a correction, those after it."""
    left = [one for one in found if not is_ruled_out(text, one.start)]
    for place in range(len(left) - 1, 0, -1):
        if left[place - 1].value != left[place].value and _CORRECTS.search(
            text, left[place - 1].end, left[place].start
        ):
            return left[place:]
    last = left[-1].end if left else 0
    if len(left) > 1 and re.search(r"\binstead\W*$", text[last:], re.IGNORECASE):
        return left[-1:]
    return left
