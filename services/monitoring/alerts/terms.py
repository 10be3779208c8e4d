"""Terms that set some texts apart from others: log-odds with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008). Pure."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: Words of letters, or pairs of Chinese characters.
_WORD = re.compile(r"[^\W\d_][\w'-]+|[\u4e00-\u9fff]+")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
#: Weight of the prior, in words.
_PRIOR_WORDS = 30.0
#: Standard deviations beyond which a term is told.
_APART = 1.64


@dataclass(frozen=True, slots=True)
class Term:
    """A term, the z-score of its log-odds, and in how many of the texts it stands."""

    term: str
    weight: float
    texts: int


def terms_apart(texts: Sequence[str], others: Sequence[str], limit: int = 10) -> list[Term]:
    """The terms of ``texts`` beside ``others``, the most telling first. A term counts once a text, and in two at least."""
    mine, theirs = _counts(texts), _counts(others)
    usual = mine + theirs
    words = usual.total()
    prior = {term: _PRIOR_WORDS * count / words for term, count in usual.items()} if words else {}
    found = [
        Term(term, round(weight, 2), count)
        for term, count in mine.items()
        if count > 1 and (weight := _weight(count, mine.total(), theirs[term], theirs.total(), prior[term])) > _APART
    ]
    return sorted(found, key=lambda one: (-one.weight, one.term))[:limit]


def _weight(count: int, words: int, other: int, other_words: int, prior: float) -> float:
    odds = math.log((count + prior) / (words + _PRIOR_WORDS - count - prior))
    usual = math.log((other + prior) / (other_words + _PRIOR_WORDS - other - prior))
    return (odds - usual) / math.sqrt(1 / (count + prior) + 1 / (other + prior))


def _counts(texts: Iterable[str]) -> Counter[str]:
    return Counter(term for text in texts for term in set(_terms(text.lower())))


def _terms(text: str) -> Iterable[str]:
    for word in _WORD.findall(text):
        if _CHINESE.match(word):
            yield from (word[at : at + 2] for at in range(len(word) - 1))
        elif len(word) > 2:
            yield word
