"""Changes of a text, and where its spans stand afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from shared.rows.spans import Entity


class Edit(NamedTuple):
    """The characters from ``start`` to ``end`` become something else."""

    start: int
    end: int
    text: str


def crosses(edit: Edit, spans: Iterable[Entity]) -> bool:
    """Whether an edit changes something of a span and something outside of it."""
    return any(
        edit.start < span.end and edit.end > span.start and not (span.start <= edit.start and edit.end <= span.end)
        for span in spans
    )


def outside(edit: Edit, spans: Iterable[Entity]) -> bool:
    """Whether an edit leaves all spans as they are."""
    return all(edit.end <= span.start or edit.start >= span.end for span in spans)


def applied(text: str, spans: Sequence[Entity], edits: Iterable[Edit]) -> tuple[str, tuple[Entity, ...]]:
    """The changed text and its spans.

    Args:
        text: The original.
        spans: Of it.
        edits: None of them overlaps another or crosses a span.
    """
    ordered = sorted(edits)
    changed, place = [], 0
    for edit in ordered:
        changed += [text[place : edit.start], edit.text]
        place = edit.end
    moved = tuple(
        replace(span, start=span.start + _grown(ordered, span.start), end=span.end + _grown(ordered, span.end))
        for span in spans
    )
    return "".join((*changed, text[place:])), moved


def _grown(edits: Iterable[Edit], place: int) -> int:
    """By how much the text before a place has grown."""
    return sum(len(edit.text) - (edit.end - edit.start) for edit in edits if edit.end <= place)
