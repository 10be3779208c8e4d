"""Rows of sequence to sequence: ``{"input", "target"}``; a model is asked with an input alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Self

from pydantic import Field
from pydantic.dataclasses import dataclass

from shared.rows.kind import RecordKind
from shared.rows.parsing import STRICT, Text, parser
from shared.rows.row import Unlabelled
from shared.text.normalisation import folded

#: Tokens that a model writes at most, if a row does not say how many.
TOKENS = 128

_EXAMPLE = '{"input": "a long text", "target": "what it says in short"}'


@dataclass(frozen=True, slots=True, config=STRICT)
class Row(Unlabelled):
    """A text, and what should be made of it."""

    input: Text
    target: Text

    @property
    def key(self) -> str:
        """The input, letter case folded; several targets of one input stay on one side of a split."""
        return folded(self.input)

    def with_texts(self, change: Callable[[str], str]) -> Self:
        """The row with both texts changed."""
        return replace(self, input=change(self.input), target=change(self.target))


@dataclass(frozen=True, slots=True, config=STRICT)
class Input:
    """A text that something is to be made of, in at most so many tokens."""

    input: Text
    max_tokens: Annotated[int, Field(ge=1, le=4096)] = TOKENS


KIND = RecordKind(
    task="seq2seq",
    example=_EXAMPLE,
    fields=("input", "target"),
    needed=("input", "target"),
    labels=("target",),
    cells={},
    parse=parser(Row, _EXAMPLE),
    parse_input=parser(Input, '{"input": "a long text", "max_tokens": 64}'),
    repeated=True,
)
