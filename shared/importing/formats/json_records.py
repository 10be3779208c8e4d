"""JSON with other field names than ours: one object a line, or a list of objects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from shared.errors import InvalidInput
from shared.importing.content import Content, Records, Row
from shared.importing.encoding import decoded
from shared.importing.options import ImportOptions
from shared.text.strict_json import RepeatedKey, parsed

#: Where lists of records stand in an object, one name a level: other tools' exports and dumps.
_INSIDE = (("rasa_nlu_data", "common_examples"), ("data",), ("rows",), ("items",), ("examples",), ("records",))
#: Levels of objects within a record that become columns of their own.
_LEVELS = 2


def read_lines(data: bytes, options: ImportOptions) -> Content:
    """Read JSON Lines."""
    text, encoding = decoded(data, options.encoding)
    return content_of(*lines_of(text), encoding, counted_in="line")


def read_document(data: bytes, options: ImportOptions) -> Content:
    """Read one document: a list of objects, or an object that holds one; one object a line is read too, whatever the file is called."""
    text, encoding = decoded(data, options.encoding)
    try:
        items = list(enumerate(items_of(parsed(text)), start=1))
    except (ValueError, RecursionError) as error:
        found, left_out = lines_of(text)
        if not found or len(left_out) > len(found):
            raise InvalidInput(f"The file is no JSON{_where(error)}.", param="file") from error
        return content_of(found, left_out, encoding, counted_in="line")
    return content_of(items, [], encoding, counted_in="item")


def lines_of(text: str) -> tuple[list[tuple[int, object]], list[tuple[int, str]]]:
    """The values of JSON Lines by line, and the lines that hold none, with the reason."""
    found: list[tuple[int, object]] = []
    left_out: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            found.append((number, parsed(line)))
        except RepeatedKey as error:
            left_out.append((number, f"{error.place} stands there twice"))
        except (ValueError, RecursionError) as error:
            left_out.append((number, f"not valid JSON{_where(error) if isinstance(error, RecursionError) else ''}"))
    return found, left_out


def items_of(document: object) -> Sequence[object]:
    """The records of a document.

    Raises:
        InvalidInput: It holds no list of them.
    """
    if isinstance(document, Mapping):
        for path in _INSIDE:
            inner: Any = document
            for name in path:
                inner = inner.get(name) if isinstance(inner, Mapping) else None
            if isinstance(inner, list):
                return list(_questions(inner)) if _is_squad(inner) else inner
        return [document]
    if isinstance(document, list):
        return document
    raise InvalidInput("The file holds neither a list of objects nor one object a line.", param="file")


def _is_squad(items: Sequence[object]) -> bool:
    return bool(items) and isinstance(items[0], Mapping) and isinstance(items[0].get("paragraphs"), list)


def _questions(articles: Sequence[Any]) -> Iterator[object]:
    """The questions of SQuAD's articles, each with its paragraph."""
    for article in articles:
        for paragraph in article.get("paragraphs") or () if isinstance(article, Mapping) else ():
            for question in paragraph.get("qas") or () if isinstance(paragraph, Mapping) else ():
                yield {"context": paragraph.get("context"), **question} if isinstance(question, Mapping) else question


def content_of(
    items: Sequence[tuple[int, object]], left_out: Sequence[tuple[int, str]], encoding: str, *, counted_in: str
) -> Content:
    """Records of parsed objects: an object within one becomes columns such as ``data.text``."""
    records = Records()
    for number, reason in left_out:
        records.left_out.add(number, reason)
    for number, item in items:
        if isinstance(item, Mapping):
            records.add(number, dict(_columns(item)))
        else:
            records.left_out.add(number, "no object with named fields")
    return Content(records.columns, records.items, records.left_out, [], encoding, counted_in=counted_in)


def _columns(item: Mapping[str, object], prefix: str = "", level: int = 0) -> Iterator[tuple[str, object]]:
    for name, value in item.items():
        if isinstance(value, Mapping) and level < _LEVELS and not {"text", "answer_start"} <= value.keys():
            yield from _columns(value, f"{prefix}{name}.", level + 1)
        else:
            yield prefix + name, value


def _where(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f": {error.msg} in line {error.lineno}"
    return (
        f": {error.place} {error}"
        if isinstance(error, RepeatedKey)
        else ": it is nested too deep, or a number is too long"
    )


def write_lines(rows: Sequence[Row]) -> bytes:
    """Our own rows."""
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def as_list(objects: Sequence[Mapping[str, object]]) -> bytes:
    """A list of objects, an object a line, so that a person and a comparison of versions can read it."""
    return ("[\n" + ",\n".join(json.dumps(one, ensure_ascii=False) for one in objects) + "\n]\n").encode()
