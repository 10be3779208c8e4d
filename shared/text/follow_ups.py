"""Questions that say too little to stand alone: "and in red?", "how long does it take?". What they are about was said before."""

from __future__ import annotations

import re

_MAX_WORDS = 9
_MAX_CHARACTERS = 120
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")

#: Words that name no matter. A question of these alone is about the one before it.
_NAMELESS = (
    "a about actually after again all already also always an and answer any anything are as at away back be been before but by can cost costs "
    "could did do does else ever exactly far few for free from get go happen happens has have hear hearing how i if in is it it's its just know "
    "last later less like long make many may me mean means more much must my need next not now of often ok okay on one ones only or "
    "other others out pay please possible quickly really right same see should so some soon still such take takes tell than that that's "
    "the them then there there's these they they're think this those time to today too until up use usually wait was we well were what "
    "what's when where where's which who whose why will with without work works would yes you your"
)
_POINTERS = "it it's its that that's this they they're them these those one ones then same else more"
_EMPTY = frozenset(_NAMELESS.split())
_POINTS_BACK = frozenset(_POINTERS.split())
_ASKING = frozenset(("what", "how", "when", "where", "why", "which", "who", "is", "are", "do", "does", "can", "could"))
_SIGNS = re.compile("[\u3400-\u9fff]")
_LEADS = ("and", "so", "but", "ok", "okay", "then", "well")
_GOES_ON = re.compile(r"^\W*(?:and|so|but|ok|okay)?\W*(?:what|how) about\b|^\W*and\b|^\W*(?:那么?|那)", re.IGNORECASE)
_GOES_ON_IN_CHINESE = re.compile(r"^(?:那|它|这个?|那个?)?[^，。]{0,5}(?:呢|多久|多少钱|怎么样|要多长时间)[？?]?$")


def names_nothing(text: str) -> bool:
    """Whether a message has no word that tells what it is about: "how long do I have?"."""
    words = [word.replace("’", "'") for word in _WORD.findall(text[: _MAX_CHARACTERS + 1].lower())]
    return len(text) <= _MAX_CHARACTERS and _EMPTY.issuperset(words)


def follows_up(text: str) -> bool:
    """Whether a message goes on about what was said before it, without naming it."""
    stripped = text.strip()
    if len(stripped) > _MAX_CHARACTERS:
        return False
    words = [word.replace("’", "'") for word in _WORD.findall(stripped.lower())]
    if not words or len(words) > _MAX_WORDS:
        return False
    if _GOES_ON_IN_CHINESE.search(stripped):
        return True
    is_question = stripped.endswith(("?", "？"))
    if _GOES_ON.search(stripped) and (is_question or len(words) <= _MAX_WORDS // 2):
        return True
    first = next((word for word in words if word not in _LEADS), words[-1])
    asks = is_question or first in ("how", "what", "when", "where", "why", "which", "who")
    return asks and _EMPTY.issuperset(words) and (not _POINTS_BACK.isdisjoint(words) or len(words) <= 2)


def goes_on(text: str) -> bool:
    """Whether a message only puts something else in the place of what was asked about: "and to Japan?", "what about suitcases?"."""
    stripped = text.strip()
    words = _WORD.findall(stripped[: _MAX_CHARACTERS + 1].lower())
    if not words or len(words) > _MAX_WORDS // 2 + 1 or len(stripped) > _MAX_CHARACTERS:
        return False
    if _SIGNS.search(stripped):
        return _GOES_ON_IN_CHINESE.search(stripped) is not None
    return _GOES_ON.search(stripped) is not None and _ASKING.isdisjoint(
        words[1:] if words[0] in ("what", "how") else words
    )
