"""One record of a data file of the joint model, already parsed from JSON or CSV, judged and turned into a row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from shared.contracts.chat.understanding import SENTIMENTS
from shared.rows.kind import RecordKind
from shared.rows.parsing import STRICT, Text, parser
from shared.rows.problems import Faulty, Problem, kind, label_problem, shown, text_problem
from shared.rows.spans import entities_of
from shared.tasks.nlu.row import Row

#: Messages of one context.
MAX_CONTEXT = 8
FIELDS = ("text", "intent", "entities", "sentiment", "context", "labelled_by")


def row_from(record: object) -> Row:
    """Turn a parsed record into a row.

    Raises:
        Faulty: Something is wrong with it; all problems are listed.
    """
    if not isinstance(record, Mapping):
        raise Faulty([("", f'a row must be a JSON object such as {{"text": "…", "intent": "…"}}, not {kind(record)}')])
    problems: list[Problem] = [
        (str(name), f"unknown field; use only {', '.join(FIELDS)}") for name in record if name not in FIELDS
    ]
    text = _text(record.get("text"), "text", problems)
    context = _context(record.get("context"), problems)
    intent = _label(record.get("intent"), "intent", problems)
    entities = entities_of(record.get("entities"), text, problems)
    sentiment = record.get("sentiment")
    if sentiment is not None and sentiment not in SENTIMENTS:
        problems.append(("sentiment", f"{shown(sentiment)} is no sentiment; use one of {', '.join(SENTIMENTS)}"))
    labelled_by = _label(record.get("labelled_by"), "labelled_by", problems)
    if not problems and intent is None and entities is None and sentiment is None:
        problems.append(("", "no label at all; give intent, entities or sentiment"))
    if problems:
        raise Faulty(problems)
    return Row(
        text=text, intent=intent, entities=entities, sentiment=sentiment, context=context, labelled_by=labelled_by
    )


@dataclass(frozen=True, slots=True, config=STRICT)
class Input:
    """A text to be understood, after the messages before it (oldest first)."""

    text: Text
    context: Annotated[tuple[Text, ...], Field(max_length=MAX_CONTEXT)] = ()


def _text(value: object, place: str, problems: list[Problem]) -> str:
    if value is None:
        problem = "missing; every row needs a text" if place == "text" else "null; give a text or leave the message out"
    else:
        problem = text_problem(value) or ""
    if not problem:
        return str(value)
    problems.append((place, problem))
    return ""


def _context(value: object, problems: list[Problem]) -> tuple[str, ...]:
    """The messages before the text, oldest first."""
    if value is None:
        return ()
    if not isinstance(value, list):
        problems.append(("context", f"must be a list of the messages before the text, oldest first, not {kind(value)}"))
        return ()
    if len(value) > MAX_CONTEXT:
        problems.append(("context", f"{len(value)} messages; keep the last {MAX_CONTEXT} at most"))
        return ()
    return tuple(_text(message, f"context[{number}]", problems) for number, message in enumerate(value))


def _label(value: object, place: str, problems: list[Problem]) -> str | None:
    if value is None:
        return None
    problem = label_problem(value)
    if problem is None:
        return str(value)
    problems.append((place, problem))
    return None


KIND = RecordKind(
    task="nlu",
    example='{"text": "…", "intent": "…"}',
    fields=FIELDS,
    needed=("text",),
    labels=("intent", "entities", "sentiment"),
    cells={
        "entities": '[{"start": 0, "end": 4, "label": "city"}]',
        "context": '["Where do you want to go?"]',
    },
    parse=row_from,
    parse_input=parser(Input, '{"text": "…"}'),
)
