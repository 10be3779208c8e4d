"""Reads a file of labelled rows and reports everything that is wrong with it, not only the first fault."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import chain, islice
from typing import BinaryIO, Literal

from shared.errors import InvalidInput
from shared.rows.kind import KindOf, RecordKind
from shared.rows.problems import Faulty
from shared.rows.report import FaultList, RowReport
from shared.rows.row import LabelledRow
from shared.rows.source import Record, Source, csv_records, json_records

FileFormat = Literal["jsonl", "csv"]

#: Records by which the kind of all is told.
_LOOKED_AT = 50

#: Rows of one file.
MAX_ROWS = 1_000_000


def format_of(filename: str) -> FileFormat:
    """The format that a file name promises.

    Raises:
        InvalidInput: It ends in neither ``.jsonl`` nor ``.csv``.
    """
    name = filename.lower()
    if name.endswith(".jsonl"):
        return "jsonl"
    if name.endswith(".csv"):
        return "csv"
    raise InvalidInput(f"{filename!r} is neither .jsonl nor .csv; rename it to what it is", param="file")


def read_rows(stream: BinaryIO, file_format: FileFormat, kind_of: KindOf) -> RowReport:
    """Read labelled rows from a binary stream, which is read to its end but not closed.

    Row numbers are 1-based lines of JSON Lines, and rows as a spreadsheet counts them (header included) of CSV.

    Args:
        stream: At its beginning.
        file_format: What it holds.
        kind_of: Tells, by the fields of the first records, what kind all of them should be of.
    """
    source = Source(stream)
    rows: list[LabelledRow] = []
    faults, warnings = FaultList(), FaultList()
    seen: dict[Hashable, tuple[int, LabelledRow]] = {}
    kind, records = _with_kind(
        json_records(source) if file_format == "jsonl" else csv_records(source, kind_of), kind_of
    )
    for number, record in records:
        if len(rows) + faults.total >= MAX_ROWS:
            faults.add(number, "", f"more than {MAX_ROWS} rows; split the file")
            break
        try:
            row = kind.parse(_unless_faulty(record))
        except Faulty as faulty:
            faults.extend(number, faulty.problems)
            continue
        rows.append(row)
        _compare(number, row, seen, warnings, kind)
    if source.has_bom:
        warnings.add(1, "", "the file begins with a byte order mark, which was ignored; save it as UTF-8 without BOM")
    if not rows and not faults.total:
        faults.add(1, "", "the file has no rows")
    return RowReport(
        rows=rows,
        task=kind.task,
        faults=faults.listed,
        fault_count=faults.total,
        warnings=warnings.listed,
        warning_count=warnings.total,
        sha256=source.sha256(),
    )


def _with_kind(records: Iterator[Record], kind_of: KindOf) -> tuple[RecordKind, Iterator[Record]]:
    """The kind of the first records, by the fields of each: one of them may lack a label. And all records, those among them."""
    first = list(islice(records, _LOOKED_AT))
    fields = [record.keys() for _, record in first if isinstance(record, dict)]
    return kind_of(fields), chain(first, records)


def _unless_faulty(record: object) -> object:
    if isinstance(record, Faulty):
        raise record
    return record


def _compare(
    number: int, row: LabelledRow, seen: dict[Hashable, tuple[int, LabelledRow]], warnings: FaultList, kind: RecordKind
) -> None:
    first_number, first = seen.setdefault(kind.identity(row), (number, row))
    if first is row:
        return
    name = kind.contradiction(row, first)
    if name is not None:
        warnings.add(number, name, f"row {first_number} has the same text with another label; keep the right one")
    else:
        warnings.add(number, kind.fields[0], f"the same text as row {first_number}; it counts twice in training")
