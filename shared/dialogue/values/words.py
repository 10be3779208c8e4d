"""Texts as words: how phrases are compared, and what says nothing beside a value."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NOT_IN_WORDS = re.compile(r"[^\w']+")
#: What may stand beside a value and says nothing.
_FILLER = re.compile(
    r"a|about|all|also|am|an|and|approximately|around|at|be|but|by|can|could|er|erm|exactly|fine|for|from|"
    r"good|have|hello|hey|hi|i|i'd|i'll|i'm|i've|in|is|it|it'd|it'll|it's|its|just|know|let|like|make|"
    r"maybe|me|mine|my|ok|okay|on|only|oh|our|paid|pay|perhaps|please|probably|roughly|say|so|some|sorry|"
    r"sure|take|thanks|thank|that|that'd|that's|the|then|there|think|this|to|um|uh|was|we|we'd|we're|well|"
    r"will|with|would|yeah|yes|you|want|need|是|的|大约|大概|差不多|我|要|想|吧|了|请|就|我们|一共"
)
#: Characters; of a longer text a single value is not all.
_LONGEST_ANSWER = 150
_CHINESE_FILLERS = re.compile("大约|大概|差不多|我们|一共|[是的我要想吧了请就有]")


def in_words(text: str) -> str:
    """The text in lower case with one blank between words and nothing else: how phrases are compared."""
    return _NOT_IN_WORDS.sub(" ", text.casefold().replace("’", "'")).strip()


def without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The words (``in_words``) of a text outside of some half-open spans, in their order."""
    rest, done = [], 0
    for start, end in sorted(spans):
        rest.append(text[done : max(start, done)])
        done = max(done, end)
    return in_words(" ".join((*rest, text[done:])))


def stands_alone(text: str, start: int, end: int) -> bool:
    """Whether nothing that means anything stands beside ``text[start:end]``: "it was about 50, I think"."""
    if len(text) > _LONGEST_ANSWER:
        return False
    rest = without(text, [(start, end)])
    return all(_FILLER.fullmatch(word) or not _CHINESE_FILLERS.sub("", word) for word in rest.split())
