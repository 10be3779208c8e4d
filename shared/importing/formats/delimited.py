"""Tables as text: CSV with commas or semicolons, TSV, and what else separates cells.

Python's own sniffer guesses from the frequency of characters, and is led astray by punctuation in texts. Here each separator is tried
on the file: the right one is the one that splits the header, and by which the rows fit under it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from shared.errors import InvalidInput
from shared.importing.content import MAX_CELL, MAX_COLUMNS, Content, Records, Row, named_columns
from shared.importing.encoding import decoded
from shared.importing.formats.sheet import header_of
from shared.importing.options import ImportOptions

_SEPARATORS = ",;\t|"
#: Rows by which separators are judged.
_JUDGED = 200


@dataclass(frozen=True, slots=True)
class _Dialect:
    """How cells are separated, and how a quote within quotes is written: twice, or after a backslash."""

    separator: str
    backslash: bool = False

    def records(self, text: str) -> Iterator[list[str] | str]:
        """The cells of each record, or what is wrong with it."""
        reader = csv.reader(
            io.StringIO(text, newline=""),
            delimiter=self.separator,
            doublequote=not self.backslash,
            escapechar="\\" if self.backslash else None,
            strict=True,
        )
        while True:
            try:
                yield next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield f"not valid CSV ({error}): quote the cell, and write a quote within it twice"


def read(data: bytes, options: ImportOptions) -> Content:
    """Read a table; rows are counted as a spreadsheet counts them."""
    text, encoding = decoded(data, options.encoding)
    text, told = _without_hint(text)
    dialect = told or _dialect(text, "\t" if options.format == "tsv" else None)
    previous = csv.field_size_limit(MAX_CELL)
    try:
        lines = list(dialect.records(text))
    finally:
        csv.field_size_limit(previous)
    records, notes = _table(lines, options.header)
    return Content(records.columns, records.items, records.left_out, notes, encoding)


def _without_hint(text: str) -> tuple[str, _Dialect | None]:
    """Excel's first line ``sep=;`` names the separator."""
    first, _, rest = text.partition("\n")
    hint = first.strip()
    if hint.lower().startswith("sep=") and len(hint) == 5 and hint[4] in _SEPARATORS:
        return "\n" + rest, _Dialect(hint[4])  # an empty line instead: row numbers stay
    return text, None


def _dialect(text: str, separator: str | None) -> _Dialect:
    candidates = [_Dialect(sign) for sign in (separator or _SEPARATORS)]
    if '\\"' in text:
        candidates += [_Dialect(one.separator, backslash=True) for one in candidates]
    scores = [_fit(list(islice(one.records(text), _JUDGED))) for one in candidates]
    best = max(range(len(candidates)), key=lambda index: scores[index])
    return candidates[best] if scores[best] > (0, 0, 0) else _Dialect(separator or ",")


def _fit(records: Sequence[list[str] | str]) -> tuple[float, int, int]:
    """How well a separator splits: share of rows as wide as the header, columns with a name, and such rows."""
    rows = [row for row in records if isinstance(row, str) or any(cell.strip() for cell in row)]
    header = next((row for row in rows if isinstance(row, list) and len(row) > 1), None)
    if header is None:
        return (0, 0, 0)
    fitting = sum(1 for row in rows if isinstance(row, list) and len(row) == len(header))
    named = sum(1 for cell in header if cell.strip())
    if named < 2:
        return (0, 0, 0)
    return (fitting / len(rows), named, fitting)


def _table(lines: Sequence[list[str] | str], header_row: int | None) -> tuple[Records, list[str]]:
    cells = [line if isinstance(line, list) else [] for line in lines]
    header, first, notes = header_of(cells, header_row)
    records = Records(columns := named_columns(header))
    if len(columns) > MAX_COLUMNS:
        raise InvalidInput(f"{len(columns)} columns; {MAX_COLUMNS} are allowed.", param="file")
    for number, line in enumerate(lines[first:], start=first + 1):
        if isinstance(line, str):
            records.left_out.add(number, line)
        elif any(cell.strip() for cell in line[len(columns) :]):
            records.left_out.add(number, "more cells than columns; quote cells that hold the separator")
        elif line:
            records.add(number, dict(zip(columns, line, strict=False)))
    return records, notes


def write_csv(rows: Sequence[Row]) -> bytes:
    """CSV as our own reader takes it; lists stand as JSON."""
    return _written(rows, ",")


def write_tsv(rows: Sequence[Row]) -> bytes:
    """The same with tabs."""
    return _written(rows, "\t")


def _written(rows: Sequence[Row], separator: str) -> bytes:
    file = io.StringIO(newline="")
    columns = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.writer(file, delimiter=separator)  # its \r\n is what makes it quote cells with a lone \r
    writer.writerow(columns)
    writer.writerows([cell(row.get(name)) for name in columns] for row in rows)
    return file.getvalue().encode()


def cell(value: object) -> str:
    """A value as one cell: lists and numbers as JSON, nothing as nothing."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
