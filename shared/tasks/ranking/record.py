"""Rows of ranking, and the pairs that a model is asked about: ``{"text", "text_pair"}`` are a query and a text."""

from __future__ import annotations

from pydantic.dataclasses import dataclass

from shared.rows.kind import RecordKind
from shared.rows.parsing import STRICT, Text, parser
from shared.rows.retrieval import CELLS, EXAMPLE, FIELDS, RetrievalRow


@dataclass(frozen=True, slots=True, config=STRICT)
class Input:
    """A query and a text that may answer it."""

    text: Text
    text_pair: Text


KIND = RecordKind(
    task="ranking",
    example=EXAMPLE,
    fields=FIELDS,
    needed=("query", "positive"),
    labels=("positive",),
    cells=CELLS,
    parse=parser(RetrievalRow, EXAMPLE),
    parse_input=parser(Input, '{"text": "the query", "text_pair": "a text"}'),
    repeated=True,
)
