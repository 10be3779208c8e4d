"""Rows of token classification: ``{"text", "entities"}``, or ``{"tokens", "tags"}`` as CoNLL has them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Self

from shared.rows.kind import RecordKind
from shared.rows.problems import Faulty, Problem, kind, label_problem, text_problem
from shared.rows.spans import Entity, entities_of
from shared.text.normalisation import folded

#: What a tag begins with in BIO, BIOES and BILOU.
_PREFIXED = re.compile(r"[BIESLU]-.")
_BEGINS = "BSU"
#: Characters between which no blank stands.
_CJK = re.compile(r"[\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uff00-\uffef]")

_EXAMPLE = '{"text": "…", "entities": [{"start": 0, "end": 4, "label": "city"}]}'


@dataclass(frozen=True, slots=True)
class Row:
    """A text with its spans in order, none overlapping."""

    text: str
    entities: tuple[Entity, ...]

    @property
    def key(self) -> str:
        """The text in the form that a model reads, letter case folded."""
        return folded(self.text)

    @property
    def stratum(self) -> str:
        """The label of its first span."""
        return self.entities[0].label if self.entities else ""

    def head_labels(self) -> Iterator[tuple[str, str]]:
        """Every label, once for each span."""
        return (("entity", entity.label) for entity in self.entities)

    def without(self, labels: Mapping[str, Set[str]]) -> Self:
        """The row without the spans of some labels: they become text like any other."""
        gone = labels.get("entity", frozenset())
        return replace(self, entities=tuple(entity for entity in self.entities if entity.label not in gone))

    def with_texts(self, change: Callable[[str], str]) -> Self:
        """The row with its text changed to one of the same length."""
        return replace(self, text=change(self.text))


@dataclass(frozen=True, slots=True)
class Input:
    """A text whose spans are asked for."""

    text: str


def row_from(record: object) -> Row:
    """Turn a parsed record into a row.

    Raises:
        Faulty: Something is wrong with it; all problems are listed.
    """
    fields = _mapping(record)
    if "tokens" in fields or "tags" in fields:
        return _from_tokens(fields)
    problems = _unknown(fields, ("text", "entities"))
    text = _text(fields, problems)
    entities = entities_of(fields.get("entities"), text, problems)
    if entities is None and not problems:
        problems.append(("entities", "missing; list the spans, or give an empty list if the text has none"))
    if problems or entities is None:
        raise Faulty(problems)
    return Row(text, entities)


def input_from(record: object) -> Input:
    """Turn a record without labels into what a model is asked: ``{"text"}`` or ``{"tokens"}``.

    Raises:
        Faulty: Something is wrong with it.
    """
    fields = _mapping(record)
    problems = _unknown(fields, ("tokens",) if "tokens" in fields else ("text",))
    text = joined(_tokens(fields, problems))[0] if "tokens" in fields else _text(fields, problems)
    if problems:
        raise Faulty(problems)
    return Input(text)


def joined(tokens: Sequence[str]) -> tuple[str, list[tuple[int, int]]]:
    """Tokens as a text, and the span of each: a blank stands between two, but not between Chinese or Japanese characters."""
    text, spans = "", []
    for token in tokens:
        text += blank_between(text, token)
        spans.append((len(text), len(text) + len(token)))
        text += token
    return text, spans


def blank_between(before: str, after: str) -> str:
    """What stands between a text and the token after it."""
    return "" if not before or (_CJK.match(before[-1]) and _CJK.match(after[0])) else " "


def spans_of(tags: Sequence[str], spans: Sequence[tuple[int, int]]) -> Iterator[Entity]:
    """The entities of tagged tokens, in BIO, IOB, BIOES or BILOU; tags without such a prefix label each token by itself."""
    prefixed = all(tag == "O" or _PREFIXED.match(tag) for tag in tags)
    begun: Entity | None = None
    for tag, (start, end) in zip(tags, spans, strict=True):
        label = tag[2:] if prefixed and tag != "O" else tag
        goes_on = prefixed and tag[0] not in _BEGINS and begun is not None and begun.label == label
        if begun is not None and goes_on:
            begun = replace(begun, end=end)
            continue
        if begun is not None:
            yield begun
        begun = None if tag == "O" else Entity(start, end, label)
    if begun is not None:
        yield begun


def _from_tokens(fields: Mapping[str, Any]) -> Row:
    problems = _unknown(fields, ("tokens", "tags"))
    tokens, tags = _tokens(fields, problems), _tags(fields, problems)
    if not problems and len(tokens) != len(tags):
        problems.append(("tags", f"{len(tags)} tags for {len(tokens)} tokens; give one for each"))
    text, spans = joined(tokens)
    problem = text_problem(text) if not problems else None
    if problem is not None:
        problems.append(("tokens", problem))
    if problems:
        raise Faulty(problems)
    return Row(text, tuple(spans_of(tags, spans)))


def _tokens(fields: Mapping[str, Any], problems: list[Problem]) -> list[str]:
    found = _strings(fields, "tokens", problems)
    for number, token in enumerate(found):
        if not token.strip() or any(character.isspace() for character in token):
            problems.append((f"tokens[{number}]", "empty, or with white space in it; a token is one word"))
    return [] if problems else found


def _tags(fields: Mapping[str, Any], problems: list[Problem]) -> list[str]:
    found = _strings(fields, "tags", problems)
    for number, tag in enumerate(found):
        problem = label_problem(tag)
        if problem is not None:
            problems.append((f"tags[{number}]", problem))
    return found


def _strings(fields: Mapping[str, Any], name: str, problems: list[Problem]) -> list[str]:
    value = fields.get(name)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        problems.append((name, f"must be a list of strings, not {kind(value)}" if value is not None else "missing"))
        return []
    if not value:
        problems.append((name, "empty; give a token at least"))
    return value


def _mapping(record: object) -> Mapping[str, Any]:
    if not isinstance(record, Mapping):
        raise Faulty([("", f"a row must be a JSON object such as {_EXAMPLE}, not {kind(record)}")])
    return record


def _unknown(fields: Mapping[str, Any], known: Sequence[str]) -> list[Problem]:
    return [(str(name), f"unknown field; use only {', '.join(known)}") for name in fields if name not in known]


def _text(fields: Mapping[str, Any], problems: list[Problem]) -> str:
    value = fields.get("text")
    problem = "missing; every row needs it" if value is None else text_problem(value)
    if problem is None:
        return str(value)
    problems.append(("text", problem))
    return ""


def side_by_side(row: Row) -> Iterator[str]:
    """The label of each span that follows another of it with only a blank between."""
    for before, after in pairwise(row.entities):
        if before.label == after.label and row.text[before.end : after.start] == " ":
            yield before.label


KIND = RecordKind(
    task="token_classification",
    example=_EXAMPLE,
    fields=("text", "entities", "tokens", "tags"),
    needed=(),
    labels=("entities",),
    cells={
        "entities": '[{"start": 0, "end": 4, "label": "city"}]',
        "tokens": '["to", "Rome"]',
        "tags": '["O", "B-city"]',
    },
    parse=row_from,
    parse_input=input_from,
)
