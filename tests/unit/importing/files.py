"""Files as people have them, built in memory."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import openpyxl
import pyarrow
from pyarrow import parquet

from shared.importing.options import ImportOptions
from shared.importing.reading import Import, import_rows


def imported(content: str | bytes, filename: str, **options: Any) -> Import:
    """Import a file; text is UTF-8."""
    data = content.encode() if isinstance(content, str) else content
    return import_rows(data, filename, ImportOptions(**options))


def workbook(**sheets: Sequence[Sequence[Any]]) -> bytes:
    """A workbook with these sheets."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def parquet_of(table: Any, **how: Any) -> bytes:
    file = io.BytesIO()
    parquet.write_table(table if isinstance(table, pyarrow.Table) else pyarrow.table(table), file, **how)
    return file.getvalue()


def texts(result: Import) -> list[str]:
    return [row["text"] for row in result.rows]


def reasons(result: Import) -> dict[str, list[int]]:
    """The first rows that were left out, by reason."""
    return {reason: first for reason, _, first in result.understanding.left_out}
