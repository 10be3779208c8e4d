"""Rows of text classification: ``{"text", "label"}``, or ``{"text", "labels"}`` where a text may have several."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import replace
from typing import Self

from pydantic import model_validator
from pydantic.dataclasses import dataclass

from shared.rows.kind import RecordKind
from shared.rows.parsing import STRICT, Label, Labels, Text, fault, parser
from shared.text.normalisation import folded


@dataclass(frozen=True, slots=True, config=STRICT)
class Row:
    """A labelled text; one of ``label`` and ``labels`` is there."""

    text: Text
    label: Label = None
    labels: Labels = None

    @model_validator(mode="after")
    def _has_labels(self) -> Self:
        if self.label is None and self.labels is None:
            raise fault("no label at all; give label, or labels if a text may have several")
        if self.label is not None and self.labels is not None:
            raise fault("label and labels; give label alone, or labels if a text may have several")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Its labels."""
        return self.labels or () if self.label is None else (self.label,)

    @property
    def key(self) -> str:
        """The text in the form that a model reads, letter case folded."""
        return folded(self.text)

    @property
    def stratum(self) -> str:
        """Its first label."""
        return next(iter(self.names), "")

    def head_labels(self) -> Iterator[tuple[str, str]]:
        """Every label; ``labels`` is the head of those of which a text may have several."""
        head = "labels" if self.label is None else "label"
        return ((head, name) for name in self.names)

    def without(self, labels: Mapping[str, Set[str]]) -> Self | None:
        """The row without some labels, by head; ``None`` if its only one is among them."""
        if self.label is not None:
            return None if self.label in labels.get("label", ()) else self
        return replace(self, labels=tuple(name for name in self.names if name not in labels.get("labels", ())))

    def with_texts(self, change: Callable[[str], str]) -> Self:
        """The row with its text changed."""
        return replace(self, text=change(self.text))


@dataclass(frozen=True, slots=True, config=STRICT)
class Input:
    """A text to be classified."""

    text: Text


_EXAMPLE = '{"text": "…", "label": "…"}'

KIND = RecordKind(
    task="text_classification",
    example=_EXAMPLE,
    fields=("text", "label", "labels"),
    needed=("text",),
    labels=("label", "labels"),
    cells={"labels": '["delivery", "price"]'},
    parse=parser(Row, _EXAMPLE),
    parse_input=parser(Input, '{"text": "…"}'),
)
