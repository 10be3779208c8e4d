"""The rows that a joint model learns from."""

from __future__ import annotations

from dataclasses import dataclass

from shared.contracts.understanding import SentimentLabel


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity as a half-open span of characters (code points) of the row's text."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    """A labelled text. A label of ``None`` means "not labelled": the row then does not train that head.

    ``entities=()`` is different from ``None``: the text was labelled, and has none.
    """

    text: str
    intent: str | None = None
    entities: tuple[Entity, ...] | None = None
    sentiment: SentimentLabel | None = None
    context: tuple[str, ...] = ()


def normalised(text: str) -> str:
    """The text in lower case with its white space collapsed: rows that agree in it count as the same text."""
    return " ".join(text.lower().split())
