"""Rows as pairs of ids, and what there is to tell of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.training.fitting.batching import IGNORED
from services.training.fitting.pair_examples import PairExample
from services.training.models.text_encoder import TextEncoder
from shared.artifacts.manifest import Labels
from shared.errors import TrainingFailed
from shared.inference.pairs import PairTokens
from shared.tasks.pair_classification.record import Row


@dataclass(frozen=True, slots=True)
class Relations:
    """What pairs are told apart by.

    Attributes:
        names: Labels, in the order of the model's columns, sorted; empty where pairs have scores.
    """

    names: tuple[str, ...]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Relations:
        """The labels that occur in some rows.

        Raises:
            TrainingFailed: Some have labels and some scores.
        """
        rows = list(rows)
        names = tuple(sorted({row.label for row in rows if row.label is not None}))
        if names and any(row.score is not None for row in rows):
            raise TrainingFailed(
                "Some rows have a label and some a score; give all of them labels, or all of them scores.",
                param="training_file",
            )
        return cls(names)

    @property
    def columns(self) -> int:
        """Of the model."""
        return max(1, len(self.names))

    def choices(self) -> dict[str, tuple[str, ...]]:
        """The label of each column; none where pairs have scores."""
        return {"label": self.names} if self.names else {}

    def to_manifest(self) -> Labels:
        """The same as a part of the bundle's manifest."""
        return Labels(labels=self.names)


def examples_of(encoder: TextEncoder, rows: Sequence[Row], relations: Relations) -> list[PairExample]:
    """One example per row, in order; of a pair that is too long, the ends are left out."""
    places = {name: column for column, name in enumerate(relations.names)}
    encodings = PairTokens(encoder.tokens).encode([row.text for row in rows], [row.text_pair for row in rows])
    return [
        PairExample.of(encoded, places.get(row.label or "", IGNORED), row.score or 0.0)
        for row, encoded in zip(rows, encodings, strict=True)
    ]
