"""The label space of a joint model: what each output column of each head means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from services.training.tagging.tags import label_of, standing_apart, tag_names
from shared.artifacts.manifest import Labels
from shared.contracts.chat.understanding import OUT_OF_SCOPE, SENTIMENTS
from shared.tasks.nlu.row import Row


@dataclass(frozen=True, slots=True)
class LabelSpace:
    """The labels of the three heads, in the order of their output columns. An empty tuple means "no such head".

    ``out_of_scope`` is not an intent column: its rows teach the intent head to be undecided and calibrate the scope
    score (``services.training.tasks.nlu.loss``, ``shared.inference.scope``).
    """

    intents: tuple[str, ...]
    tags: tuple[str, ...]
    """``O``, then ``B-x``, ``I-x`` for each entity label, sorted."""
    sentiments: tuple[str, ...]
    """All three or none, even if the rows show only two: consumers rely on the order negative, neutral, positive."""
    apart: tuple[str, ...] = ()
    """Entity labels, sorted, that often stand beside each other with only a blank between: such neighbours are two entities."""

    @classmethod
    def of(cls, rows: Iterable[Row]) -> LabelSpace:
        """The labels that occur in the rows."""
        intents: set[str] = set()
        entities: Counter[str] = Counter()
        apart: Counter[str] = Counter()
        sentiment = False
        for row in rows:
            if row.intent is not None:
                intents.add(row.intent)
            entities.update(entity.label for entity in row.entities or ())
            apart.update(_labelled_apart(row))
            sentiment = sentiment or row.sentiment is not None
        return cls(
            intents=tuple(sorted(intents - {OUT_OF_SCOPE})),
            tags=tag_names(entities),
            sentiments=SENTIMENTS if sentiment else (),
            apart=standing_apart(entities, apart),
        )

    def choices(self) -> dict[str, tuple[str, ...]]:
        """By head, as rows name it, the label of each of its columns."""
        tags = tuple(label_of(tag) for tag in self.tags)
        heads = {"intent": self.intents, "entity": tags, "sentiment": self.sentiments}
        return {head: labels for head, labels in heads.items() if labels}

    def to_manifest(self) -> Labels:
        """The same as a part of the bundle's manifest."""
        return Labels(intents=self.intents, tags=self.tags, sentiments=self.sentiments, apart=self.apart)


def _labelled_apart(row: Row) -> Iterator[str]:
    spans = sorted(row.entities or (), key=lambda entity: entity.start)
    for before, after in pairwise(spans):
        if before.label == after.label and row.text[before.end : after.start] == " ":
            yield before.label
