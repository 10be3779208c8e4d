"""Texts longer than a model reads at once: how many are cut, and how many labelled spans lie behind the cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.training.models.text_encoder import TextEncoder
from shared.inference.tokens import Tokens
from shared.rows.spans import Entity


class Spanned(Protocol):
    """A row with labelled spans, or without."""

    @property
    def text(self) -> str:
        """What is read."""

    @property
    def entities(self) -> Sequence[Entity] | None:
        """Its spans; ``None``: not labelled."""


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
    def among(cls, rows: Sequence[Spanned], tokens: Tokens) -> Overlong:
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


def overlong(texts: Sequence[str], encoder: TextEncoder) -> int:
    """How many texts do not fit into one window."""
    return sum(len(windows) > 1 for windows in encoder.tokens.windows(texts))


def overlong_warning(rows: int, max_length: int, *, lost: str = "") -> str:
    """What the owner of the job should know of rows that are cut; ``lost`` says what lies behind the cut."""
    return (
        f"{rows} rows are longer than schedule.max_length ({max_length} tokens): only their beginnings are trained on{lost}. "
        "Raise it, or split the rows; when the model serves, long texts are read in windows to their end."
    )
