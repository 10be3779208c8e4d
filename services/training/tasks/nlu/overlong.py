"""Rows longer than a model reads at once: how many are cut, and how many entities lie behind the cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.training.models.overlong import overlong_warning
from shared.inference.tokens import Tokens
from shared.tasks.nlu.row import Row


@dataclass(frozen=True, slots=True)
class Overlong:
    """What training on the first window of each row leaves out.

    Attributes:
        rows: Rows that are cut.
        entities: Entities of these rows that begin behind the cut.
    """

    rows: int
    entities: int

    @classmethod
    def among(cls, rows: Sequence[Row], tokens: Tokens) -> Overlong:
        """Count them."""
        ends = [
            (row, max(end for _, end in windows[0].offsets))
            for row, windows in zip(rows, tokens.windows([row.text for row in rows]), strict=True)
            if len(windows) > 1
        ]
        lost = sum(entity.start >= end for row, end in ends for entity in row.entities or ())
        return cls(len(ends), lost)

    def warning(self, max_length: int) -> str | None:
        """What the owner of the job should know; ``None`` if nothing is left out."""
        if not self.rows:
            return None
        entities = f", and {self.entities} of their entities are lost" if self.entities else ""
        return overlong_warning(self.rows, max_length, lost=entities)
