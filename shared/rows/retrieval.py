"""Rows that say what a query should find: ``{"query", "positive", "negatives"?}``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Self

from pydantic import Field
from pydantic.dataclasses import dataclass

from shared.rows.parsing import STRICT, Text
from shared.rows.row import Unlabelled
from shared.text.normalisation import folded

EXAMPLE = '{"query": "…", "positive": "…"}'
FIELDS = ("query", "positive", "negatives")
CELLS = {"negatives": '["a text that does not answer it"]'}

#: Texts that a query must not find, given with one row.
_MAX_NEGATIVES = 32


@dataclass(frozen=True, slots=True, config=STRICT)
class RetrievalRow(Unlabelled):
    """A query, a text that it should find, and some that it should not. A query with several such texts is a row for each."""

    query: Text
    positive: Text
    negatives: Annotated[tuple[Text, ...], Field(max_length=_MAX_NEGATIVES)] = ()

    @property
    def key(self) -> str:
        """The query in the form that a model reads: all its rows stand on one side of the split."""
        return folded(self.query)

    def with_texts(self, change: Callable[[str], str]) -> Self:
        """The row with each of its texts changed."""
        negatives = tuple(map(change, self.negatives))
        return replace(self, query=change(self.query), positive=change(self.positive), negatives=negatives)
