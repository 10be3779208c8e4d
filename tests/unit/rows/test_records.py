from __future__ import annotations

import io
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


def test_without_a_label() -> None:
    row = Row(text="a", labels=("x", "y"))
    assert row.without({"labels": {"x"}}) == Row(text="a", labels=("y",))
    assert Row(text="a", label="x").without({"label": {"x"}}) is None
