"""What a format's reader finds in a file, before any of it is understood."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from shared.errors import InvalidInput
from shared.rows.reader import MAX_ROWS

#: Bytes of a file, and of what an archive or a compressed column unpacks to.
MAX_BYTES = 512 * 1024 * 1024
MAX_COLUMNS = 200
#: Characters of one cell or value: room for the longest text and context with every character escaped, and for the entities.
MAX_CELL = 1 << 21

#: Reasons for leaving something out that are told apart; further ones are counted under one.
_MAX_REASONS = 50
#: Rows that are named for each.
_NAMED_ROWS = 5

Row = dict[str, Any]
"""A row of ours, as JSON holds it."""

Cells = dict[str, object]
"""The values of one record by column; what is not there, or is blank, is missing."""


@dataclass(slots=True)
class _Reason:
    count: int = 0
    first: list[int] = field(default_factory=list)


class LeftOut:
    """What was not taken, by reason, with the first rows of each."""

    def __init__(self) -> None:
        self._reasons: dict[str, _Reason] = {}

    def add(self, number: int, reason: str) -> None:
        """Count a row that is left out."""
        known = reason in self._reasons or len(self._reasons) < _MAX_REASONS
        found = self._reasons.setdefault(reason if known else "for other reasons", _Reason())
        found.count += 1
        if len(found.first) < _NAMED_ROWS:
            found.first.append(number)

    @property
    def total(self) -> int:
        """All rows that were left out."""
        return sum(reason.count for reason in self._reasons.values())

    def listed(self) -> list[tuple[str, int, list[int]]]:
        """Reason, count and first rows; the most frequent first."""
        found = [(text, reason.count, reason.first) for text, reason in self._reasons.items()]
        return sorted(found, key=lambda entry: -entry[1])


@dataclass(slots=True)
class Content:
    """The records of a file by column.

    Attributes:
        columns: Their names in the order of the file; no two are the same.
        records: The number of each as the file counts (a sheet's row, a line), and its values.
        left_out: What the reader could not or should not take.
        notes: What else a person should know: titles skipped, numbers turned into names.
        encoding: Of a text file.
        sheet: Of a workbook.
        counted_in: What the numbers count.
        task: What the format is made for, if it is made for one task.
    """

    columns: tuple[str, ...]
    records: list[tuple[int, Cells]]
    left_out: LeftOut = field(default_factory=LeftOut)
    notes: list[str] = field(default_factory=list)
    encoding: str | None = None
    sheet: str | None = None
    counted_in: str = "row"
    task: str | None = None


class Records:
    """Collects the records of a file and the columns that they have, within the limits.

    Args:
        columns: Those known beforehand; others are added as they come.
    """

    def __init__(self, columns: Iterable[str] = ()) -> None:
        self._columns = dict.fromkeys(columns)
        self.items: list[tuple[int, Cells]] = []
        self.left_out = LeftOut()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all columns."""
        return tuple(self._columns)

    def add(self, number: int, cells: Cells) -> None:
        """Keep a record; one without any value is left out.

        Raises:
            InvalidInput: The file has too many rows or columns, or this row has too long a value.
        """
        kept = {name: value for name, value in cells.items() if not is_blank(value)}
        if not kept:
            self.left_out.add(number, "nothing in the row")
            return
        if len(self.items) >= MAX_ROWS:
            raise InvalidInput(f"More than {MAX_ROWS} rows; split the file.", param="file")
        for name, value in kept.items():
            if isinstance(value, str) and len(value) > MAX_CELL:
                raise InvalidInput(
                    f"Row {number}, {name!r}: a value of {len(value)} characters; {MAX_CELL} are allowed.", param="file"
                )
        self._columns.update(dict.fromkeys(kept))
        if len(self._columns) > MAX_COLUMNS:
            raise InvalidInput(f"More than {MAX_COLUMNS} columns; remove those that are no rows' data.", param="file")
        self.items.append((number, kept))


def is_blank(value: object) -> bool:
    """Whether nothing stands there. An empty list is something: "labelled, and has none"."""
    return value is None or (isinstance(value, str) and not value.strip())


def letter(index: int) -> str:
    """The name that a spreadsheet gives to a column, counted from 0."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def named_columns(header: Iterable[object]) -> list[str]:
    """Unique names for the cells of a header: a blank one is called by its letter, a repeated one has it added."""
    names: list[str] = []
    for index, cell in enumerate(header):
        name = " ".join(str(cell).split()) if cell is not None else ""
        name = name or letter(index)
        names.append(f"{name} ({letter(index)})" if name in names else name)
    return names
