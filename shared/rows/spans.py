"""Labelled spans of a text, as records of several tasks hold them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from shared.rows.problems import Problem, kind, label_problem, shown

_FIELDS = frozenset(("start", "end", "label"))


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity as a half-open span of characters (code points) of the row's text."""

    start: int
    end: int
    label: str


def entities_of(value: object, text: str, problems: list[Problem]) -> tuple[Entity, ...] | None:
    """The entities of a record in the order of their starts; ``None`` if it has no such field or a wrong one.

    Args:
        value: What stands under ``entities``.
        text: Of the record; empty if it has none, so that no span can be checked.
        problems: Takes what is wrong.
    """
    if value is None:
        return None
    if not isinstance(value, list):
        problems.append(("entities", f'must be a list of {{"start", "end", "label"}}, not {kind(value)}'))
        return None
    entities: list[Entity] = []
    for number, item in enumerate(value):
        entity = _entity(item, text, f"entities[{number}]", problems)
        if entity is not None:
            entities.append(entity)
    entities.sort(key=lambda entity: entity.start)
    for left, right in pairwise(entities):
        if right.start < left.end:
            problems.append(
                ("entities", f"spans {left.start}..{left.end} and {right.start}..{right.end} overlap; keep one of them")
            )
    return tuple(entities)


def _entity(item: object, text: str, place: str, problems: list[Problem]) -> Entity | None:
    if not isinstance(item, dict):
        problems.append((place, f'must be {{"start", "end", "label"}}, not {kind(item)}'))
        return None
    unknown = item.keys() - _FIELDS - {"text"}
    missing = _FIELDS - item.keys()
    if unknown or missing:
        wrong = [f"unknown {name!r}" for name in sorted(unknown)] + [f"missing {name!r}" for name in sorted(missing)]
        problems.append((place, f"{', '.join(wrong)}; an entity has start, end, label, and text if you like"))
        return None
    before = len(problems)
    if (problem := _label_problem(item["label"])) is not None:
        problems.append((f"{place}.label", problem))
    problem = span_problem(item, text)
    if problem is not None and text:  # without a text there is nothing to measure the span by
        problems.append((place, problem))
    return Entity(item["start"], item["end"], str(item["label"])) if len(problems) == before and text else None


def _label_problem(label: object) -> str | None:
    if label is None:
        return "missing; name the entity"
    problem = label_problem(label)
    if problem is None and any(character.isspace() for character in str(label)):
        return f"{shown(label)} holds white space; use _ instead"
    return problem


def span_problem(item: dict[str, Any], text: str) -> str | None:
    """What is wrong with ``start`` and ``end`` of a span of a text, and with the text that it quotes."""
    start, end = item["start"], item["end"]
    if type(start) is not int or type(end) is not int:
        return "start and end must be whole numbers"
    if start < 0 or end > len(text):
        return f"span {start}..{end} lies outside the text of {len(text)} characters; count code points, not bytes"
    if start >= end:
        return f"span {start}..{end} is empty; end is the position after its last character"
    if "text" in item and item["text"] != text[start:end]:
        return f"span {start}..{end} covers {shown(text[start:end])} and not {shown(item['text'])}; count code points, not bytes"
    return None
