"""One record of a data file, already parsed from JSON or CSV, judged and turned into a row."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from shared.contracts.understanding import SENTIMENTS
from shared.rows.row import Entity, Row
from shared.text.normalisation import folded

#: Characters of one text.
MAX_TEXT = 10_000
#: Characters of an intent or entity label.
MAX_LABEL = 100
#: Messages of one context.
MAX_CONTEXT = 8
FIELDS = ("text", "intent", "entities", "sentiment", "context")

_ENTITY_FIELDS = frozenset(("start", "end", "label"))
#: Control characters, and surrogates: the remains of a broken encoding, which no JSON or database can carry.
_UNCLEAN = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")

Problem = tuple[str, str]
"""The field at fault, and what is wrong with what to do about it."""


class Faulty(Exception):
    """A record that is no row; carries every problem found in it. Never leaves this package."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems)
        self.problems = problems


def row_from(record: object) -> Row:
    """Turn a parsed record into a row.

    Raises:
        Faulty: Something is wrong with it; all problems are listed.
    """
    if not isinstance(record, Mapping):
        raise Faulty([("", f'a row must be a JSON object such as {{"text": "…", "intent": "…"}}, not {_kind(record)}')])
    problems: list[Problem] = [
        (str(name), f"unknown field; use only {', '.join(FIELDS)}") for name in record if name not in FIELDS
    ]
    text = _text(record.get("text"), "text", problems)
    context = _context(record.get("context"), problems)
    intent = _label(record.get("intent"), "intent", problems)
    entities = _entities(record.get("entities"), text, problems)
    sentiment = record.get("sentiment")
    if sentiment is not None and sentiment not in SENTIMENTS:
        problems.append(("sentiment", f"{_shown(sentiment)} is no sentiment; use one of {', '.join(SENTIMENTS)}"))
    if not problems and intent is None and entities is None and sentiment is None:
        problems.append(("", "no label at all; give intent, entities or sentiment"))
    if problems:
        raise Faulty(problems)
    return Row(text=text, intent=intent, entities=entities, sentiment=sentiment, context=context)


def _text(value: object, place: str, problems: list[Problem]) -> str:
    problem: str | None = None
    if value is None:
        problem = "missing; every row needs a text" if place == "text" else "null; give a text or leave the message out"
    elif not isinstance(value, str):
        problem = f"must be a string, not {_kind(value)}"
    elif not value.strip():
        problem = "empty; give a text or remove it"
    elif not folded(value):
        problem = "holds only characters that nobody sees; give a text or remove it"
    elif len(value) > MAX_TEXT:
        problem = f"{len(value)} characters long; shorten it to {MAX_TEXT} or split the row"
    elif _SURROGATE.search(value):
        problem = "holds a lone surrogate (half of a character); save the file again as valid UTF-8"
    elif "\0" in value:
        problem = "holds a NUL character; remove it"
    if problem is None:
        return str(value)
    problems.append((place, problem))
    return ""


def _context(value: object, problems: list[Problem]) -> tuple[str, ...]:
    """The messages before the text, oldest first."""
    if value is None:
        return ()
    if not isinstance(value, list):
        problems.append(
            ("context", f"must be a list of the messages before the text, oldest first, not {_kind(value)}")
        )
        return ()
    if len(value) > MAX_CONTEXT:
        problems.append(("context", f"{len(value)} messages; keep the last {MAX_CONTEXT} at most"))
        return ()
    return tuple(_text(message, f"context[{number}]", problems) for number, message in enumerate(value))


def _label(value: object, place: str, problems: list[Problem]) -> str | None:
    if value is None:
        return None
    problem: str | None = None
    if not isinstance(value, str):
        problem = f"must be a string, not {_kind(value)}"
    elif not value.strip():
        problem = "empty; name the label, or leave the field out if the row has none"
    elif value != value.strip():
        problem = f"{_shown(value)} begins or ends with white space; remove it"
    elif len(value) > MAX_LABEL:
        problem = f"a label name of {len(value)} characters; use at most {MAX_LABEL}"
    elif _UNCLEAN.search(value):
        problem = f"{_shown(value)} holds control characters; remove them"
    if problem is None:
        return str(value)
    problems.append((place, problem))
    return None


def _entities(value: object, text: str, problems: list[Problem]) -> tuple[Entity, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        problems.append(("entities", f'must be a list of {{"start", "end", "label"}}, not {_kind(value)}'))
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
        problems.append((place, f'must be {{"start", "end", "label"}}, not {_kind(item)}'))
        return None
    unknown = item.keys() - _ENTITY_FIELDS - {"text"}
    missing = _ENTITY_FIELDS - item.keys()
    if unknown or missing:
        wrong = [f"unknown {name!r}" for name in sorted(unknown)] + [f"missing {name!r}" for name in sorted(missing)]
        problems.append((place, f"{', '.join(wrong)}; an entity has start, end, label, and text if you like"))
        return None
    before = len(problems)
    label = _label(item["label"], f"{place}.label", problems)
    if label is not None and any(character.isspace() for character in label):
        problems.append((f"{place}.label", f"{_shown(label)} holds white space; use _ instead"))
    elif label is None and len(problems) == before:
        problems.append((f"{place}.label", "missing; name the entity"))
    problem = _span_problem(item, text)
    if problem is not None and text:  # without a text there is nothing to measure the span by
        problems.append((place, problem))
    return Entity(item["start"], item["end"], str(label)) if len(problems) == before and text else None


def _span_problem(item: dict[str, Any], text: str) -> str | None:
    start, end = item["start"], item["end"]
    if type(start) is not int or type(end) is not int:
        return "start and end must be whole numbers"
    if start < 0 or end > len(text):
        return f"span {start}..{end} lies outside the text of {len(text)} characters; count code points, not bytes"
    if start >= end:
        return f"span {start}..{end} is empty; end is the position after its last character"
    if "text" in item and item["text"] != text[start:end]:
        return f"span {start}..{end} covers {_shown(text[start:end])} and not {_shown(item['text'])}; count code points, not bytes"
    return None


def _kind(value: object) -> str:
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a string",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), "null")


def _shown(value: object) -> str:
    shown = ascii(value) if isinstance(value, str) and _UNCLEAN.search(value) else repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "…"
