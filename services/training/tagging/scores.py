"""How well spans are found: quick scores over tokens, and the full ones over characters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from seqeval.metrics import classification_report

from services.training.fitting.batching import IGNORED
from services.training.reporting.figures import LabelScore, label_score, quiet
from shared.inference.decoding import OUTSIDE

Span = tuple[int, int, str]
"""First token, token after the last, entity label."""


class Labelled(Protocol):
    """A span of characters with a label."""

    @property
    def start(self) -> int:
        """Its first character."""

    @property
    def end(self) -> int:
        """The one after its last."""

    @property
    def label(self) -> str:
        """What it is."""


def spans(tags: Iterable[str]) -> set[Span]:
    """Entities of a BIO sequence. An ``I`` that continues nothing of its label starts an entity."""
    found: set[Span] = set()
    start, current = 0, ""
    for position, tag in enumerate((*tags, OUTSIDE)):
        prefix, _, label = tag.partition("-")
        if current and (prefix != "I" or label != current):
            found.add((start, position, current))
            current = ""
        if label and not current:
            start, current = position, label
    return found


def token_f1(
    logits: Sequence[NDArray[np.float32]], columns: Sequence[Sequence[int]], names: Sequence[str]
) -> float | None:
    """F1 of whole spans over tokens, 0..1; ``None`` if no row is labelled.

    Args:
        logits: [s, tags] of each row.
        columns: The true tag of each token; ``IGNORED`` ones count as outside, on both sides.
        names: Of the tags.
    """
    labelled = [place for place, row in enumerate(columns) if any(tag != IGNORED for tag in row)]
    if not labelled:
        return None
    right = guessed = wanted = 0
    for place in labelled:
        truth = spans(names[tag] if tag != IGNORED else OUTSIDE for tag in columns[place])
        guess = spans(
            names[tag] if true_tag != IGNORED else OUTSIDE
            for tag, true_tag in zip(logits[place].argmax(axis=1), columns[place], strict=True)
        )
        right, guessed, wanted = right + len(truth & guess), guessed + len(guess), wanted + len(truth)
    return 2 * right / (guessed + wanted) if guessed + wanted else 1.0


def entity_scores(
    texts: Sequence[str], truths: Sequence[Sequence[Labelled]], found: Sequence[Sequence[Labelled]]
) -> tuple[dict[str, LabelScore], float]:
    """Whole-span scores by seqeval, over characters: a span counts if its label and both its ends are right.

    Args:
        texts: What was read; at least one of them has a span.
        truths: The spans of each.
        found: What was found in each.

    Returns:
        The scores of each label that occurs, and the micro F1.
    """
    wanted = [_characters(text, labelled) for text, labelled in zip(texts, truths, strict=True)]
    told = [_characters(text, labelled) for text, labelled in zip(texts, found, strict=True)]
    with quiet():
        report = classification_report(wanted, told, output_dict=True, zero_division=0)
    occurring = sorted({span.label for labelled in truths for span in labelled})
    return {label: label_score(report[label]) for label in occurring}, float(report["micro avg"]["f1-score"])


def _characters(text: str, labelled: Sequence[Labelled]) -> list[str]:
    tags = ["O"] * len(text)
    for span in labelled:
        tags[span.start : span.end] = [f"I-{span.label}"] * (span.end - span.start)
        tags[span.start] = f"B-{span.label}"
    return tags
