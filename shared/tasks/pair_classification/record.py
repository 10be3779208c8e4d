"""Rows of pair classification: ``{"text", "text_pair", "label"}``, or a ``score`` from 0 to 1 instead of the label."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import replace
from typing import Annotated, Self

from pydantic import PlainValidator, model_validator
from pydantic.dataclasses import dataclass

from shared.rows.kind import RecordKind
from shared.rows.parsing import STRICT, Label, Text, fault, parser
from shared.text.normalisation import folded


def _score(value: object) -> float | None:
    if value is None:
        return None
    try:
        number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]  # a cell of CSV is a string
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not 0 <= number <= 1:
        raise fault("must be a number from 0 to 1; scale it")
    return number


Score = Annotated[float | None, PlainValidator(_score)]


@dataclass(frozen=True, slots=True, config=STRICT)
class Row:
    """A labelled pair; one of ``label`` and ``score`` is there."""

    text: Text
    text_pair: Text
    label: Label = None
    score: Score = None

    @model_validator(mode="after")
    def _has_one(self) -> Self:
        if (self.label is None) == (self.score is None):
            raise fault("give label or score, and only one of them")
        return self

    @property
    def key(self) -> str:
        """Both texts in the form that a model reads, letter case folded."""
        return f"{folded(self.text)}\n{folded(self.text_pair)}"

    @property
    def stratum(self) -> str:
        """Its label, or in which fifth its score lies."""
        return f"{min(int((self.score or 0.0) * 5), 4)}" if self.label is None else self.label

    def head_labels(self) -> Iterator[tuple[str, str]]:
        """Its label, if it has one."""
        return iter((("label", self.label),) if self.label is not None else ())

    def without(self, labels: Mapping[str, Set[str]]) -> Self | None:
        """The row, unless its label is among those."""
        return None if self.label in labels.get("label", ()) else self

    def with_texts(self, change: Callable[[str], str]) -> Self:
        """The row with both texts changed."""
        return replace(self, text=change(self.text), text_pair=change(self.text_pair))


@dataclass(frozen=True, slots=True, config=STRICT)
class Input:
    """A pair that is asked about."""

    text: Text
    text_pair: Text


_EXAMPLE = '{"text": "…", "text_pair": "…", "label": "…"}'

KIND = RecordKind(
    task="pair_classification",
    example=_EXAMPLE,
    fields=("text", "text_pair", "label", "score"),
    needed=("text", "text_pair"),
    labels=("label", "score"),
    cells={},
    parse=parser(Row, _EXAMPLE),
    parse_input=parser(Input, '{"text": "…", "text_pair": "…"}'),
)
