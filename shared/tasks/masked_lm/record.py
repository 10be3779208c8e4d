"""Rows of masked language modelling: ``{"text"}``; a model is asked about a text with one ``[MASK]``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Self

from pydantic import PlainValidator
from pydantic.dataclasses import dataclass

from shared.rows.kind import RecordKind
from shared.rows.parsing import STRICT, Text, fault, parser
from shared.rows.problems import text_problem
from shared.rows.row import Unlabelled
from shared.text.normalisation import folded

MASK = "[MASK]"


@dataclass(frozen=True, slots=True, config=STRICT)
class Row(Unlabelled):
    """A text."""

    text: Text

    @property
    def key(self) -> str:
        """The text in the form that a model reads, letter case folded."""
        return folded(self.text)

    def with_texts(self, change: Callable[[str], str]) -> Self:
        """The row with its text changed."""
        return replace(self, text=change(self.text))


def _with_a_mask(value: object) -> str:
    problem = "missing; every row needs it" if value is None else text_problem(value)
    if problem is not None:
        raise fault(problem)
    if str(value).count(MASK) != 1:
        raise fault(f"holds {str(value).count(MASK)} times {MASK}; put it where the word is that you ask for, once")
    return str(value)


@dataclass(frozen=True, slots=True, config=STRICT)
class Input:
    """A text in which one word is hidden."""

    text: Annotated[str, PlainValidator(_with_a_mask)]


KIND = RecordKind(
    task="masked_lm",
    example='{"text": "…"}',
    fields=("text",),
    needed=("text",),
    labels=(),
    cells={},
    parse=parser(Row, '{"text": "…"}'),
    parse_input=parser(Input, f'{{"text": "the {MASK} is late"}}'),
)
