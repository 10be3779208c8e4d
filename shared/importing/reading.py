"""A file as people have it, read into our rows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from shared.errors import InvalidInput
from shared.importing.columns import Understood, understood
from shared.importing.content import MAX_BYTES, Cells, Content, Row
from shared.importing.formats.table import format_of
from shared.importing.options import ImportOptions
from shared.importing.tokens import add_texts
from shared.importing.understanding import Understanding, understanding
from shared.importing.unreadable import Unreadable
from shared.importing.values import field_value
from shared.rows.problems import Faulty
from shared.tasks.records import RECORDS


@dataclass(frozen=True, slots=True)
class Import:
    """Rows, and what was understood of the file that they come from."""

    rows: Sequence[Row]
    understanding: Understanding

    def json_lines(self) -> Iterator[bytes]:
        """The rows as a file of ours holds them."""
        return (json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in self.rows)


def import_rows(data: bytes, filename: str, options: ImportOptions) -> Import:
    """Read a file; what cannot be a row is left out and counted.

    Args:
        data: Its bytes.
        filename: Its name, whose ending helps to tell the format.
        options: What a person has said about it.

    Raises:
        InvalidInput: It cannot be read, its columns are unclear (``UnclearColumn``), or no row is left.
    """
    if len(data) > MAX_BYTES:
        raise InvalidInput(
            f"The file has {len(data)} bytes; {MAX_BYTES} can be imported at once. Split it.", param="file"
        )
    file_format = format_of(data, filename, options)
    content = file_format.read(data, options)
    if not content.records:
        raise InvalidInput(f"The file has no rows{_because(content)}.", param="file")
    add_texts(content, options)
    found = understood(content, options)
    rows = list(_rows(content, found, options.sentiments))
    if not rows:
        raise InvalidInput(f"No row could be taken{_because(content)}.", param="file")
    return Import(rows, understanding(file_format.name, content, found, rows, _notes(content, found)))


def _because(content: Content) -> str:
    reasons = "; ".join(
        f"{count} {content.counted_in}s: {reason} (first: {first[0]})"
        for reason, count, first in content.left_out.listed()[:3]
    )
    return f" ({reasons})" if reasons else ""


def _rows(content: Content, found: Understood, meanings: Mapping[str, str]) -> Iterator[Row]:
    for number, cells in content.records:
        try:
            for row in _each(_row(cells, found, meanings)):
                _judge(row, found.task)
                yield row
        except Unreadable as reason:
            content.left_out.add(number, str(reason))


def _row(cells: Cells, found: Understood, meanings: Mapping[str, str]) -> Row:
    row: Row = {}
    for field, reading in found.shape.fields.items():
        column = found.columns.get(field)
        if column is not None and column.name in cells:
            row[field] = field_value(reading, cells[column.name], row, meanings)
    for group in found.shape.needed:
        if not any(field in row for field in group):
            raise Unreadable(f"no {' and no '.join(group)}")
    return row


def _each(row: Row) -> Iterator[Row]:
    """A query that should find several texts is a row for each."""
    if "positive" not in row:
        yield row
    for positive in row.get("positive", ()):
        yield {**row, "positive": positive}


def _judge(row: Row, task: str) -> None:
    """Leave out what the strict reader of our rows would refuse."""
    kind = next((kind for name, kind in RECORDS.items() if name == task), None)
    if kind is not None:
        try:
            kind.parse(row)
        except Faulty as faulty:
            field, problem = faulty.problems[0]
            raise Unreadable(re.sub(r"\d+", "N", f"{field} {problem}".strip())) from faulty
    elif not _is_unicode(row):
        raise Unreadable("half of a character, which no file can hold")


def _is_unicode(row: Row) -> bool:
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _notes(content: Content, found: Understood) -> list[str]:
    column = found.columns.get("entities")
    if column is None:
        return []
    without = sum(1 for _, cells in content.records if column.name not in cells)
    return [f"{without} rows are not labelled for entities, others are"] if without else []
