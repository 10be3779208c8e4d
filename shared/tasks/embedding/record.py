"""Rows of embedding, and the texts that a model is asked for: ``{"text"}``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from shared.rows.kind import RecordKind
from shared.rows.parsing import STRICT, Text, parser
from shared.rows.retrieval import CELLS, EXAMPLE, FIELDS, RetrievalRow


@dataclass(frozen=True, slots=True, config=STRICT)
class Input:
    """A text, query or not; ``dimensions`` is the size that is wanted, if not the whole."""

    text: Text
    dimensions: Annotated[int, Field(ge=1, strict=True)] | None = None


KIND = RecordKind(
    task="embedding",
    example=EXAMPLE,
    fields=FIELDS,
    needed=("query", "positive"),
    labels=("positive",),
    cells=CELLS,
    parse=parser(RetrievalRow, EXAMPLE),
    parse_input=parser(Input, '{"text": "…"}'),
    repeated=True,
)
