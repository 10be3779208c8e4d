"""Rows of masked language modelling: ``{"text"}``; a model is asked about a text with one ``[MASK]``."""

from __future__ import annotations

from typing import Annotated

from pydantic import PlainValidator
from pydantic.dataclasses import dataclass

from shared.rows.kind import RecordKind
from shared.rows.parsing import STRICT, fault, parser
from shared.rows.problems import text_problem
from shared.rows.text import TextRow

MASK = "[MASK]"


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
    parse=parser(TextRow, '{"text": "…"}'),
    parse_input=parser(Input, f'{{"text": "the {MASK} is late"}}'),
)
