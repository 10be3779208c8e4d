"""Rows that are a text and nothing else: what teaches a language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Self

from pydantic.dataclasses import dataclass

from shared.rows.parsing import STRICT, Text
from shared.rows.row import Unlabelled
from shared.text.normalisation import folded


@dataclass(frozen=True, slots=True, config=STRICT)
class TextRow(Unlabelled):
    """A text."""

    text: Text

    @property
    def key(self) -> str:
        """The text in the form that a model reads, letter case folded."""
        return folded(self.text)

    def with_texts(self, change: Callable[[str], str]) -> Self:
        """The row with its text changed."""
        return replace(self, text=change(self.text))
