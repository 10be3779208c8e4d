"""Whatever a file holds, it is read or refused with a reason."""

from __future__ import annotations

import contextlib
import io
import json
import zipfile
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from shared.errors import InvalidInput
from shared.importing.formats.table import FORMATS
from shared.importing.writing import export_rows
from tests.unit.importing.files import imported

ROWS: list[dict[str, Any]] = [
    {"text": f"to 罗马 {number}, “now”", "intent": "travel", "entities": [{"start": 3, "end": 5, "label": "city"}]}
    for number in range(3)
]

FIELDS = [
    *("text", "label", "labels", "entities", "spans", "start", "end", "data", "annotations", "result", "value"),
    *("type", "choices", "answer", "accept", "cats", "tokens", "tags", "messages", "answers", "context", "intent"),
]
json_values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=5),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.sampled_from(FIELDS), inner, max_size=5),
    max_leaves=25,
)


@cache
def whole(name: str) -> bytes:
    """A good file; a workbook holds its time, and must be the same in every run."""
    rows = [{"text": row["text"], "entities": row["entities"]} for row in ROWS] if name == "conll" else ROWS
    return export_rows(rows, name)


def damaged(content: bytes, data: some.DataObject) -> bytes:
    changed = bytearray(content)
    for _ in range(data.draw(some.integers(1, 4))):
        place = data.draw(some.integers(0, len(changed)))
        changed[place : place + data.draw(some.integers(0, 30))] = data.draw(some.binary(max_size=10))
    return bytes(changed)


def read_or_refused(data: bytes, name: str) -> None:
    with contextlib.suppress(InvalidInput):
        imported(data, next(iter(FORMATS[name].suffixes), ".json"), format=name)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=50, deadline=None)
@given(data=some.data())
def test_a_damaged_file(name: str, data: some.DataObject) -> None:
    read_or_refused(damaged(whole(name), data), name)


@settings(max_examples=100, deadline=None)
@given(data=some.data(), part=some.sampled_from(["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml"]))
def test_a_workbook_damaged_within(data: some.DataObject, part: str) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole("xlsx"))) as good, zipfile.ZipFile(file, "w") as archive:
        for name in good.namelist():
            content = good.read(name)
            archive.writestr(name, damaged(content, data) if name == part else content)
    read_or_refused(file.getvalue(), "xlsx")


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=30, deadline=None)
@given(data=some.binary(max_size=200) | some.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes(name: str, data: bytes) -> None:
    read_or_refused(data, name)


@pytest.mark.parametrize("name", ["json", "jsonl", "label-studio", "doccano", "prodigy"])
@settings(max_examples=150, deadline=None)
@given(value=json_values)
def test_any_json(name: str, value: object) -> None:
    lines = name not in ("json", "label-studio")
    read_or_refused((json.dumps(value) if lines else json.dumps([value])).encode(), name)


@settings(max_examples=100, deadline=None)
@given(value=json_values)
def test_any_yaml_of_examples(value: object) -> None:
    read_or_refused(json.dumps({"nlu": [{"intent": "a", "examples": value}, value]}).encode(), "rasa")
