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

    @property
    def key(self) -> str:
        """What rows of the same text share: the text and its context in the form that a model reads, a line each.

        "yes" means one thing after one question and another after another. Letter case is folded even where a tokenizer tells it
        apart: a copy in capitals is still a copy.
        """
        return "\n".join(folded(message) for message in (*self.context, self.text))
