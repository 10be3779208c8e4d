"""Rows of causal language modelling: ``{"text"}``; a model is asked to go on with one."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from shared.rows.kind import RecordKind
from shared.rows.parsing import STRICT, Text, parser
from shared.rows.text import TextRow

#: Tokens that a model adds at most, if a row does not say how many.
TOKENS = 64
MaxTokens = Annotated[int, Field(ge=1, le=4096)]


@dataclass(frozen=True, slots=True, config=STRICT)
class Input:
    """A text to go on with, by at most so many tokens."""

    text: Text
    max_tokens: MaxTokens = TOKENS


KIND = RecordKind(
    task="causal_lm",
    example='{"text": "…"}',
    fields=("text",),
    needed=("text",),
    labels=(),
    cells={},
    parse=parser(TextRow, '{"text": "…"}'),
    parse_input=parser(Input, '{"text": "The parcel", "max_tokens": 64}'),
)
