"""The tags of some rows, and which of them each token has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.training.fitting.batching import IGNORED
from shared.inference.decoding import OUTSIDE
from shared.rows.spans import Entity

#: Share of the entities of a label that stand so beside another of it; fewer are slips of who labelled.
_APART = 0.02


def tag_names(labels: Iterable[str]) -> tuple[str, ...]:
    """``O``, then ``B-x``, ``I-x`` for each label, sorted; nothing where there is none."""
    tags = tuple(f"{prefix}-{label}" for label in sorted(labels) for prefix in "BI")
    return (OUTSIDE, *tags) if tags else ()


def label_of(tag: str) -> str:
    """Of which entities a tag is; that of none is its own."""
    return tag.partition("-")[2] or tag


def taught_spans(found: Sequence[Mapping[str, Any]], confidence: float) -> list[dict[str, Any]] | None:
    """The spans of an answer, if it is sure of all; ``None`` if not, or if there are none: of that nothing tells how sure it is."""
    if not found or any(span["confidence"] < confidence for span in found):
        return None
    return [{name: span[name] for name in ("start", "end", "label")} for span in found]


def standing_apart(entities: Mapping[str, int], side_by_side: Counter[str]) -> tuple[str, ...]:
    """Labels, sorted, of which two that stand side by side are two.

    Args:
        entities: How many there are of each label.
        side_by_side: How many follow one of their own label with only a blank between.
    """
    return tuple(label for label in sorted(side_by_side) if side_by_side[label] >= _APART * entities[label])


def tag_columns(
    offsets: Sequence[tuple[int, int]], entities: Sequence[Entity] | None, columns: Mapping[str, int]
) -> tuple[int, ...]:
    """BIO by character offsets: the first token that touches an entity is its B, the others are its I.

    Args:
        offsets: Of each token; empty for special tokens, which are ``IGNORED``.
        entities: ``None``: not labelled, so that every token is ``IGNORED``.
        columns: Of each tag; an entity of a label that is not among them is ``IGNORED``.
    """
    if entities is None or not columns:
        return (IGNORED,) * len(offsets)
    ids = [columns[OUTSIDE] if end > start else IGNORED for start, end in offsets]
    for entity in entities:
        prefix = "B"
        for token, (start, end) in enumerate(offsets):
            inside = start < entity.end and end > entity.start
            if inside and ids[token] != IGNORED:
                ids[token] = columns.get(f"{prefix}-{entity.label}", IGNORED)
                prefix = "I"
    return tuple(ids)
