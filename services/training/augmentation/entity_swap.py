"""A span with the words of another one of its label."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from services.training.augmentation.edits import Edit
from shared.rows.spans import Entity

Pool = Mapping[str, Sequence[str]]
"""The words of spans by their label, each once, sorted."""


def pool_of(marked: Iterable[tuple[str, Sequence[Entity]]]) -> Pool:
    """The words of the spans of some texts."""
    found: dict[str, set[str]] = {}
    for text, spans in marked:
        for span in spans:
            found.setdefault(span.label, set()).add(text[span.start : span.end])
    return {label: sorted(words) for label, words in found.items()}


def swaps(text: str, spans: Sequence[Entity], rng: np.random.Generator, pool: Pool) -> list[Edit]:
    """Other words for one of the spans; nothing if none has others."""
    for number in rng.permutation(len(spans)).tolist():
        span = spans[number]
        others = [words for words in pool[span.label] if words != text[span.start : span.end]]
        if others:
            return [Edit(span.start, span.end, others[int(rng.integers(len(others)))])]
    return []
