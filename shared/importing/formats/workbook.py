"""Excel workbooks (.xlsx); the home of openpyxl."""

from __future__ import annotations

import io
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from shared.errors import InvalidInput
from shared.importing.content import MAX_BYTES, Content, Records, Row, named_columns
from shared.importing.formats.delimited import cell as as_cell
from shared.importing.formats.format import Unwritable
from shared.importing.formats.sheet import header_of
from shared.importing.libraries import library_of
from shared.importing.options import ImportOptions
from shared.rows.reader import MAX_ROWS

#: What openpyxl and what it stands on raise where XML or archive are not as they should be.
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, SyntaxError, RuntimeError),
    *(ValueError, TypeError, AttributeError, LookupError, ArithmeticError, AssertionError),
)
#: What a cell of Excel holds.
MAX_CELL = 32_767
#: Files within the archive; a workbook of one sheet has about ten.
_MAX_PARTS = 10_000
#: Excel writes signs that XML cannot hold as ``_x000D_``, and the first sign of a text that looks like that as ``_x005F_``. openpyxl leaves both
#: to us: it hands such texts on as they are stored, and stores a carriage return so that it is read as a line feed.
_ESCAPED = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
#: Rows of a sheet that are looked at, blank ones and titles included.
_MAX_SHEET_ROWS = MAX_ROWS + 1000


def read(data: bytes, options: ImportOptions) -> Content:
    """Read one sheet: the one that is named, or the only one that has rows.

    A formula counts as the value that was last calculated; one that was never calculated leaves its cell empty, and is told.
    """
    _refuse_bomb(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of parts that are no rows, such as drop-down lists
            title, rows, notes = _opened(data, options.sheet)
    except _BROKEN as error:
        raise InvalidInput(
            "The workbook cannot be read: it is damaged or has a password. Save it again as .xlsx, or as CSV.",
            param="file",
        ) from error
    header, first, more = header_of(rows, options.header)
    records = Records(columns := named_columns(header))
    for number, cells in enumerate(rows[first:], start=first + 1):
        beyond = {f"column {index + 1}": value for index, value in enumerate(cells) if index >= len(columns)}
        records.add(number, dict(zip(columns, cells, strict=False)) | beyond)
    return Content(records.columns, records.items, records.left_out, [*more, *notes], sheet=title)


def _opened(data: bytes, name: str | None) -> tuple[str, list[list[object]], list[str]]:
    """The title of the sheet, its rows, and what to tell of its formulas."""
    with library_of("Excel"):
        from openpyxl import load_workbook
    sheet = _sheet(load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False), name)
    rows, formulas = _values(sheet)
    if not formulas:
        return sheet.title, rows, []
    calculated = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    missing = _calculate(rows, formulas, calculated[sheet.title])
    notes = [f"{len(formulas)} cells are formulas; their last values were taken"]
    notes += [f"{missing} formulas have no value: open the file in Excel and save it"] if missing else []
    return sheet.title, rows, notes


def _refuse_bomb(data: bytes) -> None:
    """Look at the sizes before anything is unpacked; no more than these is ever read."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except zipfile.BadZipFile as error:
        hint = (
            " It looks like an old .xls or has a password: save it as .xlsx." if data[:4] == b"\xd0\xcf\x11\xe0" else ""
        )
        raise InvalidInput(f"The file is no Excel workbook (.xlsx).{hint}", param="file") from error
    if len(parts) > _MAX_PARTS or sum(part.file_size for part in parts) > MAX_BYTES:
        raise InvalidInput(f"The workbook unpacks to more than {MAX_BYTES} bytes; save the sheet as CSV.", param="file")


def _sheet(book: Any, name: str | None) -> Any:
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if name is not None:
        found = next(
            (sheet for title, sheet in sheets.items() if title.strip().casefold() == name.strip().casefold()), None
        )
        if found is None:
            raise InvalidInput(
                f"There is no sheet {name!r}: the workbook has {', '.join(map(repr, sheets))}.", param="sheet"
            )
        return found
    filled = [sheet for sheet in sheets.values() if _has_rows(sheet)]
    if len(filled) > 1:
        names = ", ".join(repr(sheet.title) for sheet in filled)
        raise InvalidInput(f"Several sheets have rows: {names}. Say which one is meant (sheet).", param="sheet")
    if not filled:
        raise InvalidInput("No sheet of the workbook has rows.", param="file")
    return filled[0]


def _has_rows(sheet: Any) -> bool:
    return any(any(value is not None for value in row) for row in _narrow(sheet, values_only=True))


def _narrow(sheet: Any, **how: Any) -> Iterator[Sequence[Any]]:
    """The rows as they are stored: a sheet may claim a million columns."""
    sheet.reset_dimensions()
    rows: Iterator[Sequence[Any]] = sheet.iter_rows(**how)
    return rows


def _values(sheet: Any) -> tuple[list[list[object]], set[tuple[int, int]]]:
    """The values of a sheet, and where formulas stand."""
    rows: list[list[object]] = []
    formulas: set[tuple[int, int]] = set()
    for number, cells in enumerate(_narrow(sheet)):
        if number >= _MAX_SHEET_ROWS:
            raise InvalidInput(f"More than {MAX_ROWS} rows; split the sheet.", param="file")
        rows.append([_value(cell) for cell in cells])
        formulas |= {(number, index) for index, cell in enumerate(cells) if cell.data_type == "f"}
    while rows and not any(value is not None for value in rows[-1]):
        rows.pop()
    return rows, formulas


def _value(cell: Any) -> object:
    """What a person sees in the cell; an error such as #N/A is nothing."""
    if cell.data_type == "e":
        return None
    value: object = cell.value
    return _ESCAPE.sub(_unescaped, value) if isinstance(value, str) and "_x" in value else value


def _unescaped(found: re.Match[str]) -> str:
    sign = chr(int(found.group(1), 16))
    return found.group() if "\ud800" <= sign <= "\udfff" else sign


def _calculate(rows: list[list[object]], formulas: set[tuple[int, int]], sheet: Any) -> int:
    """Put the last values in the places of formulas; how many have none."""
    calculated = {
        (number, index): _value(cell)
        for number, cells in enumerate(_narrow(sheet))
        for index, cell in enumerate(cells)
        if (number, index) in formulas
    }
    for number, index in formulas:
        rows[number][index] = calculated.get((number, index))
    return sum(1 for place in formulas if calculated.get(place) is None)


def write(rows: Sequence[Row]) -> bytes:
    """One sheet; every cell is a text, so that none is taken for a formula, a number or a date."""
    with library_of("Excel"):
        from openpyxl import Workbook
        from openpyxl.cell import WriteOnlyCell
    columns = list(dict.fromkeys(name for row in rows for name in row))
    table = [[as_cell(row.get(name)) for name in columns] for row in rows]
    for number, texts in enumerate(table, start=1):
        for name, text in zip(columns, texts, strict=True):
            if len(text) > MAX_CELL:
                raise Unwritable(number, name, f"{len(text)} characters; a cell of Excel holds {MAX_CELL}. Use csv.")
    book = Workbook(write_only=True)
    sheet = book.create_sheet("rows")
    sheet.append(columns)
    for texts in table:
        cells = [WriteOnlyCell(sheet, value=_ESCAPED.sub(_escaped, text) or None) for text in texts]
        for cell in cells:
            cell.data_type = "s"
        sheet.append(cells)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _escaped(found: re.Match[str]) -> str:
    return f"_x{ord(found.group()):04X}_"
