"""A message and what was understood of it, in the one form that rules read."""

from __future__ import annotations

from shared.contracts.understanding import EntitySpan, Understanding
from shared.text.normalisation import NormalisedText, normalise


def in_normal_form(text: str, understanding: Understanding) -> tuple[str, Understanding]:
    """The text normalised, and the understanding with its entities where they stand in that text."""
    normal = normalise(text)
    if normal.spans is None:
        return text, understanding
    entities = tuple(_moved(entity, normal) for entity in understanding.entities)
    return normal.text, understanding.model_copy(update={"entities": entities})


def _moved(entity: EntitySpan, normal: NormalisedText) -> EntitySpan:
    start, end = normal.normal(entity.start, entity.end)
    return entity.model_copy(update={"start": start, "end": end, "text": normal.text[start:end]})
