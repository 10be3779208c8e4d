"""Labels that occur once: they can stand on one side of the split alone, so that they are learned or judged, never both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from shared.rows.row import LabelledRow, RowT, learned_labels

Labels = Mapping[str, frozenset[str]]
"""Labels by head."""

#: Labels named in a message before it says "and so many more".
_NAMED = 10


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a job does without.

    Attributes:
        labels: Labels by head, sorted.
        rows: Rows that had no other label.
    """

    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rows: int = 0

    def warning(self) -> str | None:
        """What the owner of the job should know; ``None`` if nothing is left out."""
        if not self.labels:
            return None
        heads = "; ".join(f"{head}: {named(labels)}" for head, labels in self.labels.items())
        rows = f" {self.rows} rows had no other label and are left out too." if self.rows else ""
        return f"Labels that occur once are left out. {heads}.{rows} Add rows with them, five or more each, or rename them."


def counts(rows: Iterable[LabelledRow]) -> dict[str, Counter[str]]:
    """How many rows (of spans: how many spans) have each label that is to be learned, by head."""
    found: dict[str, Counter[str]] = {}
    for row in rows:
        for head, label in learned_labels(row):
            found.setdefault(head, Counter())[label] += 1
    return found


def rare_labels(rows: Iterable[LabelledRow]) -> Labels:
    """The labels that occur in one text alone, however often it is repeated; heads without any are left out."""
    distinct = {row.key: row for row in rows}.values()
    rare = {
        head: frozenset(label for label, count in labels.items() if count == 1)
        for head, labels in counts(distinct).items()
    }
    return {head: labels for head, labels in rare.items() if labels}


def without(rows: Sequence[RowT], rare: Labels) -> tuple[list[RowT], LeftOut]:
    """The rows without some labels: what carried them counts as not labelled, and an entity as text like any other."""
    if not rare:
        return list(rows), LeftOut()
    kept = [left for row in rows if (left := row.without(rare)) is not None]
    labels = {head: tuple(sorted(found)) for head, found in rare.items()}
    return kept, LeftOut(labels, len(rows) - len(kept))


def named(labels: Sequence[str]) -> str:
    """Some labels, with a count of the others."""
    more = len(labels) - _NAMED
    return ", ".join(labels[:_NAMED]) + (f" and {more} more" if more > 0 else "")
