"""A message cut into its clauses: the pieces of which each may want something of its own. English and Chinese."""

from __future__ import annotations

import re
from itertools import pairwise

#: A message of more clauses than this is a story, which counts as a whole; so is a longer one.
MAX_CLAUSES = 5
MAX_CHARACTERS = 500
#: A shorter piece ("hi", an order number) belongs to its neighbour.
_MIN_WORDS = 2

#: What a clause of its own begins with; between other words "and" joins two things ("Rome and Paris").
_OPENERS = (
    r"(?:can|could|may|do|does|did|is|are|was|were|will|would|should|have|has|what|what's|when|where|where's|which|who|why|how|i|i'd|i'll|i'm"
    r"|i've|we|please|tell|give|send|cancel|return|exchange|change|book|find|show|check|get|track|move|refund|let|also|by the way)\b"
    r"|(?:an?|another)\s+\w+\s+(?:from|to|in|at|for)\b"
)
_JOINT = r"(?:[,;]?\s{1,3}(?:and|but|also|plus|then|&)(?:\s{1,3}(?:also|then|by the way,?))?|,)"
_BOUNDARY = re.compile(
    rf"(?<=[.!?…])\s{{1,3}}|[\n\r]|;\s|{_JOINT}\s{{1,3}}(?=(?:{_OPENERS}))"
    r"|(?<=[。！？；])|[，,]\s?(?=[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff])(?=(?:还有|另外|顺便|并且)[\u4e00-\u9fff])",
    re.IGNORECASE,
)
#: What every boundary has: looked for first, since most messages are a single clause.
_MAY_BE_SEVERAL = re.compile(
    r"[.!?…;,\n\r]\s*\S|[。！？；，]|\b(?:and|but|also|plus|then)\b|&|还有|另外|顺便|并且", re.IGNORECASE
)
#: Said before the matter; what follows is a clause of its own.
_GREETING = re.compile(
    r"\W*(?:(?:hi|hello|hey|hiya|good (?:morning|afternoon|evening|day)|dear \w+|thanks|thank you)(?: there| all| again| team| so much)?\b[\s,.!]+"
    r"|(?:你好|您好|嗨|早上好|谢谢)[，,。！!\s]*)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[\u3400-\u9fff]|[^\W_](?:['’\-]?[^\W_])*")
_SIGN = re.compile(r"[\u3400-\u9fff]")


def word_count(text: str) -> int:
    """About how many words a text has; two Chinese characters are one."""
    words: list[str] = _WORD.findall(text)
    signs = sum(_SIGN.fullmatch(word) is not None for word in words)
    return len(words) - signs + (signs + 1) // 2


def clauses(text: str) -> tuple[tuple[int, int], ...]:
    """The half-open spans of the clauses of ``text``, in order; none at all if it is a single one, or a story.

    A greeting at the beginning is left out.
    """
    if len(text) > MAX_CHARACTERS:
        return ()
    greeting = _GREETING.match(text)
    begin = greeting.end() if greeting is not None else 0
    if not begin and _MAY_BE_SEVERAL.search(text) is None:
        return ()
    spans = _merged(text, _pieces(text, begin))
    return tuple(spans) if (0 if begin else 1) < len(spans) <= MAX_CLAUSES else ()


def _merged(text: str, pieces: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The pieces, with short ones added to a neighbour; none if all are."""
    spans: list[tuple[int, int]] = []
    pending: int | None = None
    for start, end in pieces:
        begin = start if pending is None else pending
        if word_count(text[begin:end]) >= _MIN_WORDS:
            spans.append((begin, end))
            pending = None
        elif spans:
            spans[-1] = (spans[-1][0], end)
        else:
            pending = begin
    return spans


def _pieces(text: str, begin: int) -> list[tuple[int, int]]:
    """The text from ``begin`` on cut at every boundary, without the blanks around each piece."""
    cuts = [(begin, begin), *(found.span() for found in _BOUNDARY.finditer(text, begin)), (len(text), len(text))]
    pieces = [(before[1], after[0]) for before, after in pairwise(cuts)]
    trimmed = ((start + len(text[start:end]) - len(text[start:end].lstrip()), end) for start, end in pieces)
    return [(start, start + len(text[start:end].rstrip())) for start, end in trimmed if text[start:end].strip()]
