"""The rows that a joint model learns from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, replace

from shared.contracts.chat.understanding import SentimentLabel
from shared.rows.spans import Entity
from shared.text.normalisation import folded


@dataclass(frozen=True, slots=True)
class Row:
    """A labelled text. A label of ``None`` means "not labelled": the row then does not train that head.

    ``entities=()`` is different from ``None``: the text was labelled, and has none. ``context`` are the messages before the text, oldest
    first; the last one is what the text answers. ``labelled_by`` is who labelled it, for explanations alone.
    """

    text: str
    intent: str | None = None
    entities: tuple[Entity, ...] | None = None
    sentiment: SentimentLabel | None = None
    context: tuple[str, ...] = ()
    labelled_by: str | None = None

    @property
    def key(self) -> str:
        """What rows of the same text share: the text and its context in the form that a model reads, a line each.

        "yes" means one thing after one question and another after another. Letter case is folded even where a tokenizer tells it
        apart: a copy in capitals is still a copy.
        """
        return "\n".join(folded(message) for message in (*self.context, self.text))

    @property
    def stratum(self) -> str:
        """What rows are held out evenly by."""
        return self.intent or self.sentiment or ""

    def head_labels(self) -> Iterator[tuple[str, str]]:
        """Every label with its head: ``intent``, ``sentiment``, and ``entity`` for each span."""
        if self.intent is not None:
            yield "intent", self.intent
        if self.sentiment is not None:
            yield "sentiment", self.sentiment
        for entity in self.entities or ():
            yield "entity", entity.label

    def without(self, labels: Mapping[str, Set[str]]) -> Row | None:
        """The row without some labels, by head: an entity becomes text like any other; ``None`` if nothing labelled is left."""
        kept = replace(
            self,
            intent=None if self.intent in labels.get("intent", ()) else self.intent,
            sentiment=None if self.sentiment in labels.get("sentiment", ()) else self.sentiment,
            entities=self.entities
            if self.entities is None
            else tuple(entity for entity in self.entities if entity.label not in labels.get("entity", ())),
        )
        return kept if (kept.intent, kept.sentiment, kept.entities) != (None, None, None) else None

    def with_texts(self, change: Callable[[str], str]) -> Row:
        """The row with each of its texts changed to one of the same length."""
        return replace(self, text=change(self.text), context=tuple(change(message) for message in self.context))
