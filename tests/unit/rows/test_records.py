from __future__ import annotations

import io
import json
from typing import Any

import pytest

from shared.rows.problems import Faulty
from shared.rows.reader import FileFormat, read_rows
from shared.rows.report import RowReport
from shared.tasks.records import RECORDS, kind_by_fields
from shared.tasks.text_classification.record import Row


def read(content: str, file_format: FileFormat = "jsonl") -> RowReport:
    return read_rows(io.BytesIO(content.encode()), file_format, kind_by_fields)


def test_texts_with_labels_are_rows_of_text_classification_in_both_formats() -> None:
    lines = read('{"text": "a", "label": "x"}\n{"text": "b", "label": "y"}\n')
    table = read("text,label\na,x\nb,y\n", "csv")
    assert lines.task == table.task == "text_classification"
    assert lines.rows == table.rows == [Row(text="a", label="x"), Row(text="b", label="y")]


def test_several_labels_are_a_list_in_a_cell() -> None:
    report = read('text,labels\na,"[""x"", ""y""]"\nb,[]\n', "csv")
    assert report.rows == [Row(text="a", labels=("x", "y")), Row(text="b", labels=())]


@pytest.mark.parametrize(
    ("record", "field", "words"),
    [
        ({"text": "a"}, "", "give label"),
        ({"text": "a", "label": "x", "labels": ["x"]}, "", "label alone"),
        ({"label": "x"}, "text", "missing"),
        ({"text": 5, "label": "x"}, "text", "must be a string, not a number"),
        ({"text": "a", "label": " x"}, "label", "white space"),
        ({"text": "a", "labels": "x"}, "labels", "must be a list"),
        ({"text": "a", "labels": ["x", "x"]}, "labels", "twice"),
        ({"text": "a", "labels": ["x", None]}, "labels", "entry 1"),
        ({"text": "a", "label": "x", "intent": "y"}, "intent", "use only text, label, labels"),
        (["a"], "", "must be a JSON object"),
    ],
)
def test_what_is_wrong_is_told_with_its_field(record: Any, field: str, words: str) -> None:
    with pytest.raises(Faulty) as faulty:
        RECORDS["text_classification"].parse(record)
    assert [place for place, _ in faulty.value.problems] == [field]
    assert words in faulty.value.problems[0][1]


def test_rows_of_the_same_text_with_other_labels_are_warned_of() -> None:
    report = read('{"text": "a", "label": "x"}\n{"text": "A", "label": "y"}\n{"text": "a", "label": "x"}\n')
    assert [warning.field for warning in report.warnings] == ["label", "text"]


@pytest.mark.parametrize(
    "record",
    [
        {"tokens": ["to", "Rome"], "tags": ["O", "B-city"]},
        {"query": "a", "positive": "b"},
        {"question": "a", "context": "b", "answers": []},
        {"text": "a", "text_pair": "b", "score": 0.5},
        {"text": "a"},
    ],
    ids=lambda record: next(iter(record)),
)
def test_rows_of_every_kind_are_warned_of_when_they_are_repeated(record: dict[str, Any]) -> None:
    report = read(json.dumps(record) + "\n" + json.dumps(record))
    assert (report.fault_count, len(report.rows), report.warning_count) == (0, 2, 1)
    assert "row 1" in report.warnings[0].message


def test_a_query_may_have_several_answers() -> None:
    report = read('{"query": "a", "positive": "b"}\n{"query": "A", "positive": "c"}\n')
    assert (report.fault_count, report.warning_count) == (0, 0)


def test_without_a_label() -> None:
    row = Row(text="a", labels=("x", "y"))
    assert row.without({"labels": {"x"}}) == Row(text="a", labels=("y",))
    assert Row(text="a", label="x").without({"label": {"x"}}) is None


def test_what_most_records_are_for_tells_the_file() -> None:
    """One slip does not make a file of another kind, and texts without any label are there to teach a language."""
    report = read('{"text": "a"}\n{"text": "b", "intent": "x"}\n{"text": "c", "intent": "y", "label": "z"}\n')
    assert (report.task, len(report.rows)) == ("nlu", 1)
    assert [(fault.line, fault.field) for fault in report.faults] == [(1, ""), (3, "label")]
    assert read('{"text": "a"}\n{"text": "b"}\n').task == read("text\na\nb\n", "csv").task == "masked_lm"
    assert read("").task == "nlu"
