"""Labelled spans, as graders read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from shared.errors import InvalidInput


class Span(BaseModel):
    """Characters of a text with a label; further fields are skipped."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    start: int
    end: int
    label: str


_SPANS: TypeAdapter[list[Span]] = TypeAdapter(list[Span])


def spans_of(text: str) -> list[Span]:
    """The spans in a JSON list.

    Raises:
        InvalidInput: It is none.
    """
    try:
        return _SPANS.validate_json(text)
    except ValidationError:
        raise InvalidInput("no list of spans: write [{start, end, label}, …] as JSON") from None


def counts(said: Sequence[Span], wanted: Sequence[Span]) -> dict[str, list[int]]:
    """By label: spans that are right, that were found, and that are there."""
    found, there = Counter(said), Counter(wanted)
    right = found & there
    labels = sorted({span.label for span in (*said, *wanted)})
    return {label: [_of(label, each) for each in (right, found, there)] for label in labels}


def _of(label: str, spans: Counter[Span]) -> int:
    return sum(number for span, number in spans.items() if span.label == label)
