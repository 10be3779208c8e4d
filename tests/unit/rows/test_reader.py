"""A data file: every fault is found, named and counted; good rows survive exactly."""

from __future__ import annotations

import hashlib
import io
import json

import pytest

from shared.contracts.faults import Fault
from shared.errors import InvalidInput
from shared.rows.reader import FileFormat, format_of, read_rows
from shared.rows.report import MAX_FIELD, MAX_LISTED, RowReport
from shared.rows.source import MAX_LINE
from shared.rows.spans import Entity
from shared.tasks.nlu.row import Row
from shared.tasks.records import kind_by_fields


def _read(content: str | bytes, file_format: FileFormat = "jsonl") -> RowReport:
    return read_rows(io.BytesIO(content.encode() if isinstance(content, str) else content), file_format, kind_by_fields)


def _only_fault(report: RowReport) -> Fault:
    assert report.fault_count == 1, report.faults
    return report.faults[0]


def test_every_kind_of_label_is_read() -> None:
    text = "flights from 東京 to Rome 🙂"
    span = {"start": 13, "end": 15, "label": "origin", "text": "東京"}
    report = _read(json.dumps({"text": text, "intent": "search", "entities": [span], "sentiment": "positive"}))
    assert report.rows == [Row(text, "search", (Entity(13, 15, "origin"),), "positive")]
    assert report.fault_count == report.warning_count == 0


def test_a_label_not_given_differs_from_no_entities() -> None:
    rows = _read('{"text": "a", "intent": "x"}\n\n{"text": "b", "entities": []}\n').rows
    assert rows == [Row("a", intent="x"), Row("b", entities=())]


@pytest.mark.parametrize(
    ("line", "field", "words"),
    [
        ("{", "", "not valid JSON"),
        ("[1]", "", "not a list"),
        ('{"text": "a", "intent": "x", "label": 1}', "label", "unknown field"),
        ('{"intent": "x"}', "text", "missing"),
        ('{"text": 4, "intent": "x"}', "text", "must be a string"),
        ('{"text": "  ", "intent": "x"}', "text", "empty"),
        (json.dumps({"text": "a" * 10_001, "intent": "x"}), "text", "10001 characters"),
        (r'{"text": "a\ud800b", "intent": "x"}', "text", "lone surrogate"),
        (r'{"text": "a\u0000b", "intent": "x"}', "text", "NUL"),
        ('{"text": "a"}', "", "no label at all"),
        ('{"text": "a", "intent": ""}', "intent", "empty"),
        ('{"text": "a", "intent": " x"}', "intent", "white space"),
        ('{"text": "a", "intent": "x\\ny"}', "intent", "control characters"),
        ('{"text": "a", "intent": true}', "intent", "must be a string, not true or false"),
        ('{"text": "a", "sentiment": "happy"}', "sentiment", "negative, neutral, positive"),
        ('{"text": "a", "entities": {}}', "entities", "must be a list"),
        ('{"text": "ab", "entities": [4]}', "entities[0]", "must be"),
        ('{"text": "ab", "entities": [{"start": 0, "end": 1}]}', "entities[0]", "missing 'label'"),
        ('{"text": "ab", "entities": [{"start": 0, "end": 3, "label": "x"}]}', "entities[0]", "outside the text"),
        ('{"text": "ab", "entities": [{"start": 1, "end": 1, "label": "x"}]}', "entities[0]", "is empty"),
        ('{"text": "ab", "entities": [{"start": true, "end": 1, "label": "x"}]}', "entities[0]", "whole numbers"),
        ('{"text": "ab", "entities": [{"start": 0, "end": 1, "label": "x y"}]}', "entities[0].label", "white space"),
        ('{"text": "ab", "entities": [{"start": 0, "end": 1, "label": null}]}', "entities[0].label", "missing"),
        (
            '{"text": "ab", "entities": [{"start": 0, "end": 1, "label": "x", "text": "b"}]}',
            "entities[0]",
            "covers 'a'",
        ),
        ('{"text": "\\u200b", "intent": "x"}', "text", "nobody sees"),
        ("[" * 100_000, "", "nesting too deep"),
        ('{"text": ' + "9" * 5000 + "}", "", "number too long"),
    ],
)
def test_a_faulty_row_is_named_with_its_remedy(line: str, field: str, words: str) -> None:
    fault = _only_fault(_read('{"text": "fine", "intent": "x"}\n' + line))
    assert (fault.line, fault.field) == (2, field)
    assert words in fault.message


def test_overlapping_spans_are_faulty_and_touching_ones_are_not() -> None:
    def line(second_start: int) -> str:
        spans = [{"start": second_start, "end": 4, "label": "b"}, {"start": 0, "end": 2, "label": "a"}]
        return json.dumps({"text": "abcd", "entities": spans})

    assert "overlap" in _only_fault(_read(line(1))).message
    assert _read(line(2)).rows == [Row("abcd", entities=(Entity(0, 2, "a"), Entity(2, 4, "b")))]


def test_one_row_may_have_several_faults() -> None:
    report = _read('{"text": "", "intent": "", "sentiment": "x", "extra": 1}')
    assert {fault.field for fault in report.faults} == {"text", "intent", "sentiment", "extra"}


def test_all_faults_are_counted_and_the_first_are_listed() -> None:
    report = _read('{"text": "a", "intent": "x"}\n' + '{"text": ""}\n' * 250)
    assert report.fault_count == 250
    assert [fault.line for fault in report.faults] == list(range(2, MAX_LISTED + 2))
    assert len(report.rows) == 1


def test_broken_encodings_are_told() -> None:
    assert "UTF-8" in _only_fault(_read(b'{"text": "caf\xe9", "intent": "x"}')).message
    assert "UTF-16" in _read('{"text": "a", "intent": "x"}'.encode("utf-16")).faults[0].message
    assert "UTF-8" in _only_fault(_read(b"text,intent\ncaf\xe9,x\ntea,x\n", "csv")).message


@pytest.mark.parametrize(
    ("content", "file_format"), [('{"text": "a", "intent": "x"}', "jsonl"), ("text,intent\na,x", "csv")]
)
def test_a_byte_order_mark_is_ignored_with_a_warning(content: str, file_format: FileFormat) -> None:
    report = _read(content.encode("utf-8-sig"), file_format)
    assert report.rows == [Row("a", "x")]
    assert "byte order mark" in report.warnings[0].message


def test_a_line_without_end_is_not_held_in_memory() -> None:
    report = _read(b'{"text": "' + b"a" * (3 * MAX_LINE) + b'"}\n{"text": "b", "intent": "x"}')
    assert (_only_fault(report).line, report.rows) == (1, [Row("b", "x")])


def test_duplicates_and_conflicts_are_warnings() -> None:
    report = _read(
        '{"text": "Hello  there", "intent": "greet"}\n'
        '{"text": "hello there", "intent": "greet"}\n'
        '{"text": "HELLO there", "intent": "leave"}\n'
    )
    assert len(report.rows) == 3
    assert [(warning.line, warning.field) for warning in report.warnings] == [(2, "text"), (3, "intent")]
    assert "row 1" in report.warnings[1].message


def test_csv_holds_the_same_rows() -> None:
    spans = '"[{""start"": 3, ""end"": 7, ""label"": ""city""}]"'
    report = _read(f'sentiment,text,intent,entities\r\n,"to Rome,\nplease",go,{spans}\r\nneutral,hi,,[]\r\n', "csv")
    assert report.faults == []
    assert report.rows == [Row("to Rome,\nplease", "go", (Entity(3, 7, "city"),)), Row("hi", None, (), "neutral")]


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ("text;intent\na;b\n", 1, "separated by commas"),
        ("utterance,intent\na,b\n", 1, "unknown column"),
        ("intent\nx\n", 1, "missing column"),
        ("text,text\na,b\n", 1, "twice"),
        ("text,intent\na,b,c\n", 2, "3 cells under 2 columns"),
        ('text,intent\nfine,x\n"a"b,x\n', 3, "not valid CSV"),
        ('text,intent\n"never closed,x\n', 2, "not valid CSV"),
        ("text,entities\na,[\n", 2, "not valid JSON"),
        ("text,intent\n,x\n", 2, "empty"),
    ],
)
def test_a_faulty_table_is_told(content: str, line: int, words: str) -> None:
    faults = _read(content, "csv").faults
    assert any(fault.line == line and words in fault.message for fault in faults), faults


@pytest.mark.parametrize("file_format", ["jsonl", "csv"])
def test_an_empty_file_is_faulty(file_format: FileFormat) -> None:
    assert "no rows" in _only_fault(_read(b"", file_format)).message


def test_the_hash_is_that_of_the_file() -> None:
    content = b'{"text": "a", "intent": "x"}\nrubbish\n'
    assert _read(content).sha256 == hashlib.sha256(content).hexdigest()


def test_formats_follow_the_file_name() -> None:
    assert (format_of("Data.JSONL"), format_of("a.csv")) == ("jsonl", "csv")
    with pytest.raises(InvalidInput, match=r"\.jsonl nor \.csv"):
        format_of("a.xlsx")


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ('{"text":"a b c","intent":"x","intent":"y"}', "intent"),
        ('{"text":"a b c","entities":[{"start":0,"start":1,"end":2,"label":"x"}]}', "entities[0].start"),
    ],
)
def test_a_key_twice_is_a_fault(line: str, field: str) -> None:
    fault = _only_fault(_read('{"text": "fine", "intent": "x"}\n' + line))
    assert (fault.line, fault.field, "stands there twice" in fault.message) == (2, field, True)


def test_a_report_is_short_whatever_the_file_calls_its_fields() -> None:
    fault = _only_fault(_read(json.dumps({"text": "a", "intent": "x", "k" * 100_000: 1})))
    assert fault.field == "k" * MAX_FIELD


def test_a_key_twice_in_a_cell_is_a_fault() -> None:
    cell = '"[{""start"":0,""end"":1,""end"":2,""label"":""x""}]"'
    fault = _only_fault(_read(f"text,entities\nabc,{cell}\n", "csv"))
    assert (fault.line, fault.field, "stands there twice" in fault.message) == (2, "entities[0].end", True)


@pytest.mark.parametrize(
    ("one", "other"), [("caf\u00e9 now", "cafe\u0301 now"), ("where is it", "where is \u200bit"), ("Ａ１", "a1")]
)
def test_texts_that_are_one_to_the_model_are_one(one: str, other: str) -> None:
    report = _read("\n".join(json.dumps({"text": text, "intent": label}) for text, label in ((one, "a"), (other, "b"))))
    assert [warning.message for warning in report.warnings] == [
        "row 1 has the same text with another label; keep the right one"
    ]


def test_a_row_may_tell_what_was_said_before() -> None:
    lines = [
        {"text": "yes", "intent": "affirm", "context": ["fly?", "Is that right?"]},
        {"text": "yes", "intent": "airline", "context": ["Which airline?"]},
        {"text": "Yes", "intent": "airline", "context": ["fly?", "is that  right?"]},
    ]
    report = _read("\n".join(map(json.dumps, lines)))
    assert [row.context for row in report.rows][:2] == [("fly?", "Is that right?"), ("Which airline?",)]
    assert [(warning.line, warning.field) for warning in report.warnings] == [(3, "intent")]
    table = _read('text,intent,context\nyes,affirm,"[""Is that right?""]"\n', "csv")
    assert table.rows == [Row("yes", "affirm", context=("Is that right?",))]


def test_the_longest_context_is_read() -> None:
    longest = "\U00020000" * 10_000  # twelve bytes each, once escaped
    (row,) = _read(json.dumps({"text": longest, "intent": "x", "context": [longest] * 8})).rows
    assert (row.text, row.context) == (longest, (longest,) * 8)


@pytest.mark.parametrize(
    ("context", "field"),
    [
        ("hello", "context"),
        (["x"] * 9, "context"),
        (["a", 3], "context[1]"),
        (["a", " "], "context[1]"),
        ([None], "context[0]"),
    ],
)
def test_a_context_that_is_none_is_a_fault(context: object, field: str) -> None:
    assert _only_fault(_read(json.dumps({"text": "a", "intent": "x", "context": context}))).field == field
