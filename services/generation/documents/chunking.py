"""Cutting a text into chunks: whole sentences, as many as fit, the last ones again at the beginning of the next chunk."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from services.generation.documents.document import Document
from shared.contracts.knowledge.passages import Chunking
from shared.text.tokens import SENTENCE_END, TOKEN


@dataclass(frozen=True, slots=True)
class TextChunk:
    """A piece of a text."""

    start: int
    """In characters."""
    text: str


def chunked(document: Document, chunking: Chunking) -> list[TextChunk]:
    """The chunks of a document, in order. None goes across a break; a sentence that is too long is cut between tokens."""
    starts = [match.start() for match in TOKEN.finditer(document.text)]
    chunks: list[TextChunk] = []
    begin = 0
    for end in (*document.breaks, len(document.text)):
        for first, last in _spans(document.text, starts, begin, end, chunking):
            text = document.text[first:last]
            if bare := text.strip():
                chunks.append(TextChunk(first + text.index(bare[0]), bare))
        begin = end
    return chunks


def _spans(text: str, starts: list[int], begin: int, end: int, chunking: Chunking) -> Iterator[tuple[int, int]]:
    """The chunks between two places, each as (start, end) in characters."""
    pieces = list(_pieces(text, starts, begin, end, chunking.max_tokens))
    sizes = [bisect_left(starts, last) - bisect_left(starts, first) for first, last in pieces]
    at = 0
    while at < len(pieces):
        size, after = 0, at
        while after < len(pieces) and (after == at or size + sizes[after] <= chunking.max_tokens):
            size += sizes[after]
            after += 1
        yield pieces[at][0], pieces[after - 1][1]
        if after == len(pieces):
            return
        shared, back = 0, after
        while back - 1 > at and shared + sizes[back - 1] <= chunking.overlap:
            back -= 1
            shared += sizes[back]
        # What is said again must leave room for something new.
        at = back if shared + sizes[after] <= chunking.max_tokens else after


def _pieces(text: str, starts: list[int], begin: int, end: int, most: int) -> Iterator[tuple[int, int]]:
    """Sentences; one of more than ``most`` tokens in as many pieces as it takes."""
    borders = [match.end() for match in SENTENCE_END.finditer(text, begin, end)]
    first = begin
    for last in (*borders, end):
        if last <= first:
            continue
        place = bisect_left(starts, first) + most
        limit = bisect_right(starts, last - 1)
        while place < limit:
            yield first, starts[place]
            first = starts[place]
            place += most
        yield first, last
        first = last
