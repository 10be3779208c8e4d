"""The words of a text as full-text search knows them: Chinese and Japanese by pairs of characters, everything else by words."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from shared.text.tokens import CHINESE

#: Words that say nothing about a matter.
_EMPTY = frozenset(
    [
        "a",
        "about",
        "after",
        "all",
        "also",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "been",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "for",
        "from",
        "get",
        "had",
        "has",
        "have",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "may",
        "me",
        "more",
        "most",
        "must",
        "my",
        "no",
        "not",
        "of",
        "on",
        "one",
        "only",
        "or",
        "other",
        "our",
        "out",
        "shall",
        "she",
        "should",
        "so",
        "some",
        "such",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "to",
        "up",
        "us",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
        "什么",
        "怎么",
        "多少",
        "是否",
        "可以",
        "我们",
        "你们",
        "您的",
        "我的",
        "如果",
        "这个",
        "那个",
        "就是",
    ]
)
_RUNS = re.compile(rf"([{CHINESE}]+)|([^\W_{CHINESE}]+)")


def terms(text: str) -> list[str]:
    """Every term of a text in order, with repetitions.

    A segmenter would need a dictionary of each trade; pairs of characters find as well without one (Nie et al. 2000, "On the use of words and
    n-grams for Chinese information retrieval").
    """
    found: list[str] = []
    for match in _RUNS.finditer(unicodedata.normalize("NFKC", text).casefold()):
        run = match[1]
        if run is None:
            found.append(match[2])
        elif len(run) == 1:
            found.append(run)
        else:
            found += [first + second for first, second in pairwise(run)]
    return found


def content_terms(text: str) -> list[str]:
    """The same without words that say nothing about a matter."""
    return [term for term in terms(text) if term not in _EMPTY]
