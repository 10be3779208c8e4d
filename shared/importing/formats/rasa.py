"""Rasa's NLU files (YAML): examples by intent, entities marked as ``[Berlin](city)`` or ``[Berlin]{"entity": "city"}``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from shared.errors import InvalidInput
from shared.importing.content import Content, Records, Row
from shared.importing.encoding import decoded
from shared.importing.formats.format import Unwritable, refuse_fields, refuse_some_unlabelled
from shared.importing.libraries import library_of
from shared.importing.options import ImportOptions
from shared.rows.problems import MAX_TEXT
from shared.text.strict_json import parsed

#: Bytes of a YAML file, which takes far more time and memory to parse than JSON, and values in it.
_MAX_BYTES = 20_000_000
_MAX_VALUES = 1_000_000

#: What follows a marked text. Rasa knows no escape, so that a text in which this stands elsewhere cannot be written.
_MARK = re.compile(r"\](?:\((?P<label>[^:)]{1,100}?)(?::(?P<value>[^)]{1,300}))?\)|\{(?P<described>[^}]{1,500}?)\})")
#: Characters of an example, marks included; longer ones can be no rows.
_MAX_EXAMPLE = 4 * MAX_TEXT
_STRIPPED = "\n\r "
_LEFT_OUT = ("synonym", "regex", "lookup")

#: What stands as it is in a block of lines; Rasa breaks lines wherever Unicode does.
_PLAIN = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]+")
_PLAIN_NAME = re.compile(r"(?!(?:true|false|null|yes|no|on|off|y|n)$)[A-Za-z_][A-Za-z0-9_/+-]*", re.IGNORECASE)


def read(data: bytes, options: ImportOptions) -> Content:
    """Read the examples of all intents; what else the file holds is told."""
    source, encoding = decoded(data, options.encoding)
    with library_of("Rasa's YAML"):
        from shared.bot.document import parse
    document = parse(source, max_bytes=_MAX_BYTES, max_values=_MAX_VALUES)
    if document.faults:
        fault = document.faults[0]
        raise InvalidInput(f"The YAML has a fault in line {fault.line}: {fault.message}.", param="file")
    blocks = document.data.get("nlu") if isinstance(document.data, Mapping) else None
    if not isinstance(blocks, list):
        raise InvalidInput("The YAML has no list under 'nlu': it holds no training examples of Rasa.", param="file")
    records = Records(("text", "intent"))
    dropped = set[str]()
    for index, block in enumerate(blocks):
        line = document.line(("nlu", index))
        if not isinstance(block, Mapping) or not isinstance(block.get("intent"), str):
            kind = next(
                (name for name in _LEFT_OUT if isinstance(block, Mapping) and name in block), "block without an intent"
            )
            records.left_out.add(line, f"a {kind}, which is no example")
            continue
        for number, example in _examples(block.get("examples"), document, ("nlu", index, "examples"), records):
            record = _record(example, dropped) if len(example) <= _MAX_EXAMPLE else {}
            if not record:
                records.left_out.add(number, "too long" if record == {} else "an entity's description is no JSON")
            else:
                records.add(number, record | {"intent": block["intent"]})
    _unlabelled(records)
    notes = [f"{name}s of entities were dropped" for name in sorted(dropped)]
    return Content(records.columns, records.items, records.left_out, notes, encoding, counted_in="line", task="nlu")


def _examples(
    examples: object, document: Any, path: tuple[str | int, ...], records: Records
) -> Iterator[tuple[int, str]]:
    """Each example with its line: a block of lines with dashes, or a list of objects with a text."""
    if isinstance(examples, str):
        first = document.line(path) + 1
        for number, line in enumerate(examples.splitlines(), start=first):
            if line.startswith("-"):
                yield number, line[1:].strip(_STRIPPED)
            elif line.strip():
                records.left_out.add(number, "a line of examples that does not begin with a dash")
    elif isinstance(examples, list):
        for index, item in enumerate(examples):
            text = item.get("text") if isinstance(item, Mapping) else item
            number = document.line((*path, index))
            if isinstance(text, str):
                yield number, text.strip(_STRIPPED)
            else:
                records.left_out.add(number, "an example without a text")
    else:
        records.left_out.add(document.line(path), "an intent without examples")


def _record(example: str, dropped: set[str]) -> dict[str, object] | None:
    """Text and spans of an example; ``None`` if it is marked wrongly. Adds to ``dropped`` what our spans cannot hold."""
    text, spans, last = "", [], 0
    for begin, mark in _marks(example):
        label = mark["label"]
        if mark["value"]:
            dropped.add("value")
        if label is None:
            label, more = _description(mark["described"])
            dropped |= more
        if not label:
            return None
        marked = example[begin + 1 : mark.start()]
        text += example[last:begin]
        spans.append({"start": len(text), "end": len(text) + len(marked), "label": label})
        text += marked
        last = mark.end()
    return {"text": text + example[last:], "entities": spans}


def _marks(example: str) -> Iterator[tuple[int, re.Match[str]]]:
    """Where each marked text begins, and its mark. As for Rasa, it begins at the first bracket since the last closing one."""
    since = 0
    while (close := example.find("]", since)) >= 0:
        begin = example.find("[", since, close - 1)
        mark = _MARK.match(example, close) if begin >= 0 else None
        if mark is not None:
            yield begin, mark
        since = mark.end() if mark is not None else close + 1


def _description(described: str) -> tuple[str | None, set[str]]:
    try:
        description = parsed("{" + described + "}")
    except (ValueError, RecursionError):
        return None, set()
    label = description.get("entity")
    return label if isinstance(label, str) else None, {"value", "role", "group"} & description.keys()


def _unlabelled(records: Records) -> None:
    """A file in which nothing is marked says nothing about entities."""
    if not any(cells.get("entities") for _, cells in records.items):
        for _, cells in records.items:
            cells.pop("entities", None)


def write(rows: Sequence[Row]) -> bytes:
    """One block an intent, in the order in which they first occur."""
    refuse_fields(rows, ("text", "intent", "entities"), "rasa", ("text", "intent"))
    refuse_some_unlabelled(rows, "rasa")
    by_intent: dict[str, list[str]] = {}
    for number, row in enumerate(rows, start=1):
        by_intent.setdefault(row["intent"], []).append(_example(number, row))
    lines = ['version: "3.1"', "nlu:"]
    for intent, examples in by_intent.items():
        lines.append(f"- intent: {intent if _PLAIN_NAME.fullmatch(intent) else quoted(intent)}")
        if all(_PLAIN.fullmatch(example) for example in examples):
            lines += ["  examples: |", *(f"    - {example}" for example in examples)]
        else:
            lines += ["  examples:", *(f"  - text: {quoted(example)}" for example in examples)]
    return ("\n".join(lines) + "\n").encode()


def _example(number: int, row: Row) -> str:
    """The text with its marks, proven by reading it back."""
    text, spans = row["text"], row.get("entities") or ()
    if text != text.strip(_STRIPPED):
        raise Unwritable(
            number, "text", "begins or ends with blanks, which rasa does not keep; remove them, or use jsonl."
        )
    for described in (False, True):
        example = _marked(text, spans, described=described)
        back = _record(example, set())
        if back is not None and back["text"] == text and back["entities"] == [_plain(one) for one in spans]:
            return example
    raise Unwritable(
        number,
        "text",
        "its brackets would be taken for entities, or an entity has some, and rasa knows no escape; use jsonl.",
    )


def _marked(text: str, spans: Sequence[Mapping[str, Any]], *, described: bool) -> str:
    parts, last = [], 0
    for one in spans:
        label = f'{{"entity": {quoted(one["label"])}}}' if described else f"({one['label']})"
        parts += [text[last : one["start"]], f"[{text[one['start'] : one['end']]}]{label}"]
        last = one["end"]
    return "".join([*parts, text[last:]])


def _plain(span: Mapping[str, Any]) -> dict[str, Any]:
    return {name: span[name] for name in ("start", "end", "label")}


def quoted(text: str) -> str:
    """A text as YAML and JSON both write it; what YAML does not take as it is, is escaped."""
    signs = (sign if _PLAIN.fullmatch(sign) and sign not in '"\\' else f"\\u{ord(sign):04x}" for sign in text)
    return '"' + "".join(signs) + '"'
