"""The rows that a joint model learns from."""

from __future__ import annotations

from dataclasses import dataclass

from shared.contracts.understanding import SentimentLabel
from shared.text.normalisation import folded


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity as a half-open span of characters (code points) of the row's text."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    """A labelled text. A label of ``None`` means "not labelled": the row then does not train that head.

    ``entities=()`` is different from ``None``: the text was labelled, and has none. ``context`` are the messages before the text, oldest
    first; the last one is what the text answers.
    """

    text: str
    intent: str | None = None
    entities: tuple[Entity, ...] | None = None
    sentiment: SentimentLabel | None = None
    context: tuple[str, ...] = ()


def normalised(text: str) -> str:
    """The text as a model compares it: in its one form (see ``shared.text``), without letter case, white space collapsed.

    Rows that agree in it count as the same text. A model whose tokenizer keeps letter case tells apart what differs in it alone; to a
    person that is one text with two labels all the same.
    """
    return folded(text)
