"""Counting tokens by a rule, where no model's tokenizer is at hand: near to what the word pieces of models come to."""

from __future__ import annotations

import re

CHINESE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Characters of Chinese and Japanese, for a class of a regular expression."""

TOKEN = re.compile(rf"[{CHINESE}]|[^\W{CHINESE}]{{1,6}}|[^\w\s]")
"""A Chinese or Japanese character, up to six letters or digits of a word, or a sign."""

_CITED = r"(?:\s?\[\d{1,2}\])*"
SENTENCE_END = re.compile(rf"(?<=[.!?])[\"'”’)\]]*{_CITED}\s+|(?<=[。！？；])[”’」』）]*{_CITED}|\n+")
"""Where a sentence or a line ends; numbers of passages behind its full stop belong to it."""


def count_tokens(text: str) -> int:
    """How many tokens a text is taken to have."""
    return sum(1 for _ in TOKEN.finditer(text))


def sentences(text: str) -> list[tuple[int, int]]:
    """The sentences of a text that are not blank, as half-open spans without white space around them."""
    spans = []
    begin = 0
    for end in (*(match.end() for match in SENTENCE_END.finditer(text)), len(text)):
        bare = text[begin:end].strip()
        if bare:
            start = text.index(bare, begin)
            spans.append((start, start + len(bare)))
        begin = end
    return spans
