"""What an answer rests on: the numbers in it, and the sentences that bear it out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from shared.contracts.knowledge.passages import Passage
from shared.text.terms import content_terms
from shared.text.tokens import sentences

_NUMBER = re.compile(r"\s?\[(\d{1,2})\]")
#: Letters by which two forms of a word are taken for one.
_STEM = 5


@dataclass(frozen=True, slots=True)
class Cited:
    """A passage that an answer rests on.

    Attributes:
        number: Under which it was shown, from 1.
        passage: Itself.
        start: Where the sentence that bears the answer out best begins in the text of the file, in characters.
        end: Where it ends.
        quote: That sentence.
        overlap: Share of what is said there that stands in the passage (0..1).
    """

    number: int
    passage: Passage
    start: int
    end: int
    quote: str
    overlap: float


def overlap(said: str, passage: str) -> float:
    """The share of the words of a sentence, empty ones aside, that stand in a text; 1 for a sentence without any."""
    wanted = _content(said)
    return len(wanted & _content(passage)) / len(wanted) if wanted else 1.0


def numbered(answer: str, known: int) -> str:
    """The answer without numbers of passages that were never shown."""
    return _NUMBER.sub(lambda match: match[0] if 1 <= int(match[1]) <= known else "", answer).strip()


def cited(answer: str, passages: Sequence[Passage]) -> list[Cited]:
    """What each sentence cites, the passages in the order of their first mention. A sentence without a number cites what bears it out best."""
    found: dict[int, list[str]] = {}
    for start, end in sentences(answer):
        sentence = answer[start:end]
        said = without_numbers(sentence)
        if not _content(said):
            continue
        numbers = [int(match[1]) for match in _NUMBER.finditer(sentence) if 1 <= int(match[1]) <= len(passages)]
        for number in numbers or [_nearest(said, passages)]:
            found.setdefault(number, []).append(said)
    return [_cited(number, passages[number - 1], " ".join(said)) for number, said in found.items()]


def without_numbers(text: str) -> str:
    """The words alone."""
    return _NUMBER.sub("", text)


def faithful(answer: str, passages: Sequence[Passage]) -> float:
    """The share of an answer's words, empty ones aside, that stand in what it cites (0..1)."""
    rests_on = cited(answer, passages)
    wanted = _content(without_numbers(answer))
    borne_out = wanted & _content(" ".join(one.passage.text for one in rests_on))
    return len(borne_out) / len(wanted) if wanted else 0.0


def _nearest(said: str, passages: Sequence[Passage]) -> int:
    return max(range(1, len(passages) + 1), key=lambda number: overlap(said, passages[number - 1].text))


def _cited(number: int, passage: Passage, said: str) -> Cited:
    spans = sentences(passage.text) or [(0, len(passage.text))]
    wanted = _content(said)
    start, end = max(spans, key=lambda span: len(wanted & _content(passage.text[span[0] : span[1]])))
    return Cited(
        number=number,
        passage=passage,
        start=passage.start + start,
        end=passage.start + end,
        quote=passage.text[start:end],
        overlap=overlap(said, passage.text),
    )


def _content(text: str) -> set[str]:
    return {term[:_STEM] if term.isascii() else term for term in content_terms(text)}
