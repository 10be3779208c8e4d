from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from typing import Any

import openpyxl
import pytest

from shared.errors import InvalidInput
from shared.importing.content import MAX_BYTES
from tests.unit.importing.files import imported, reasons, saved, texts, workbook


def test_a_sheet_with_numbers_dates_and_truth() -> None:
    when = datetime(2026, 3, 14, tzinfo=UTC).replace(tzinfo=None)
    rows: list[list[Any]] = [
        ["Message", "Category"],
        ["a", 1.0],
        ["b", 2],
        [3.5, True],
        [when, "x"],
        [None, None],
        ["c", None],
    ]
    result = imported(workbook(Sheet1=rows), "a.xlsx")
    assert [(row["text"], row["intent"]) for row in result.rows] == [
        ("a", "1"),
        ("b", "2"),
        ("3.5", "true"),
        ("2026-03-14", "x"),
    ]
    assert reasons(result) == {"nothing in the row": [6], "no intent and no entities and no sentiment": [7]}
    assert result.understanding.sheet == "Sheet1"


def test_a_merged_title_above_the_table_is_skipped() -> None:
    book = openpyxl.load_workbook(
        io.BytesIO(workbook(S=[["Messages of May"], [], ["text", "intent"], ["a", "x"], ["b", "y"]]))
    )
    book["S"].merge_cells("A1:B1")
    result = imported(saved(book), "a.xlsx")
    assert texts(result) == ["a", "b"]
    assert "row 1 is a title and was skipped" in result.understanding.notes


def test_the_header_may_be_told() -> None:
    data = workbook(S=[["of the shop", "by hand"], ["text", "intent"], ["a", "x"]])
    assert texts(imported(data, "a.xlsx", header=2)) == ["a"]
    with pytest.raises(InvalidInput, match="row 9: the file has 3"):
        imported(data, "a.xlsx", header=9)


def test_several_sheets_are_asked_about() -> None:
    data = workbook(May=[["text", "intent"], ["a", "x"]], June=[["text", "intent"], ["b", "x"]], Empty=[])
    with pytest.raises(InvalidInput, match="'May', 'June'"):
        imported(data, "a.xlsx")
    assert texts(imported(data, "a.xlsx", sheet=" june ")) == ["b"]
    with pytest.raises(InvalidInput, match="no sheet 'July'"):
        imported(data, "a.xlsx", sheet="July")


def test_a_formula_that_was_never_calculated_is_told() -> None:
    result = imported(workbook(S=[["text", "intent"], ["=A1&B1", "x"], ["b", "y"]]), "a.xlsx")
    assert texts(result) == ["b"]
    assert "1 formulas have no value: open the file in Excel and save it" in result.understanding.notes


def test_the_last_value_of_a_formula_counts() -> None:
    data = workbook(S=[["text", "intent"], ["=1+1", "x"]])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet].replace(b"<v></v>", b"<v>2</v>").replace(b"<v />", b"<v>2</v>")
    assert b"<v>2</v>" in parts[sheet]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert texts(imported(file.getvalue(), "a.xlsx")) == ["2"]


def test_a_cell_far_away_costs_nothing() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook(S=[["text", "intent"], ["a", "x"]])))
    book["S"]["XFD900"] = "far"
    result = imported(saved(book), "a.xlsx")
    assert texts(result) == ["a"]


def test_an_archive_that_unpacks_to_too_much_is_refused_before_it_is() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"")
        archive.infolist()[0].file_size = MAX_BYTES + 1  # what the archive says is what could be read of it
    with pytest.raises(InvalidInput, match="unpacks to more"):
        imported(file.getvalue(), "a.xlsx")


@pytest.mark.parametrize("data", [b"no archive", b"PK\x03\x04 broken", b"\xd0\xcf\x11\xe0 old or with a password"])
def test_what_is_no_workbook_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="workbook"):
        imported(data, "a.xlsx")


def test_entities_of_entities_in_the_xml_are_refused() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><worksheet>&b;</worksheet>'
    with zipfile.ZipFile(io.BytesIO(workbook(S=[["text", "intent"], ["a", "x"]]))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in (parts | {"xl/worksheets/sheet1.xml": bomb}).items():
            archive.writestr(name, content)
    with pytest.raises(InvalidInput, match=r"workbook"):
        imported(file.getvalue(), "a.xlsx")


def test_what_excel_writes_for_signs_that_xml_cannot_hold_is_read() -> None:
    result = imported(workbook(S=[["text", "intent"], ["a_x000D_\nb", "x"], ["_x005F_x0041_", "x"]]), "a.xlsx")
    assert texts(result) == ["a\r\nb", "_x0041_"]
