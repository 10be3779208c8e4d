"""A data file as numbered records, straight from its bytes: nothing is held but the row at hand."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterator
from typing import BinaryIO

from shared.rows.kind import KindOf, RecordKind
from shared.rows.problems import Faulty
from shared.text.strict_json import RepeatedKey, parsed

#: Bytes of one line: room for the longest text and context with every character escaped, and for the entities.
MAX_LINE = 1 << 21
BOM = b"\xef\xbb\xbf"

#: What ``surrogateescape`` makes of bytes that are no UTF-8.
_UNDECODED = re.compile(r"[\udc80-\udcff]")
_NO_UTF8 = "not valid UTF-8; save the file as UTF-8"

Record = tuple[int, object]
"""The 1-based row and what stands there: the parsed record, or ``Faulty`` with what keeps it from being one."""


class Source:
    """The lines of a byte stream, hashed on their way.

    Args:
        stream: A binary stream at its beginning. It is read to its end, but not closed.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self.has_bom = False

    def lines(self) -> Iterator[bytes | None]:
        """Every line with its line end, ``None`` for one longer than ``MAX_LINE``; a leading BOM is dropped."""
        first = True
        while line := self._read():
            if len(line) == MAX_LINE and not line.endswith(b"\n"):
                self._skip_line()
                yield None
            elif first and line.startswith(BOM):
                self.has_bom = True
                yield line[len(BOM) :]
            else:
                yield line
            first = False

    def sha256(self) -> str:
        """Hash of all bytes; reads what is left."""
        while self._read():
            pass
        return self._hash.hexdigest()

    def _read(self) -> bytes:
        line = self._stream.readline(MAX_LINE)
        self._hash.update(line)
        return line

    def _skip_line(self) -> None:
        while (rest := self._read()) and not rest.endswith(b"\n"):
            pass


def json_records(source: Source) -> Iterator[Record]:
    """The records of JSON Lines; blank lines are skipped."""
    for number, line in enumerate(source.lines(), start=1):
        if line is None:
            yield number, Faulty([("", f"longer than {MAX_LINE} bytes; write one row per line")])
        elif line.strip():
            yield number, _from_json(line)


def csv_records(source: Source, kind_of: KindOf) -> Iterator[Record]:
    """The records of a CSV file; row 1 is the header, as in a spreadsheet. An empty cell is a label not given.

    Args:
        source: The file.
        kind_of: Tells the kind of the records by the header.
    """
    reader = csv.reader(_decoded(source), strict=True)
    header: list[str] | None = None
    kind = kind_of(())
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, Faulty) as error:
            yield (
                number,
                error if isinstance(error, Faulty) else Faulty([("", f"not valid CSV: {error}; quote the cell")]),
            )
            continue
        if header is None:
            header, kind = cells, kind_of([cells])
            problems = _header_problems(cells, kind)
            if problems:
                yield number, Faulty(problems)
                return
        elif cells:
            yield number, _from_cells(header, cells, kind)


def _from_json(line: bytes) -> object:
    try:
        return parsed(line.decode())
    except UnicodeDecodeError:
        hint = " (it looks like UTF-16)" if line.startswith((b"\xff\xfe", b"\xfe\xff")) else ""
        return Faulty([("", _NO_UTF8 + hint)])
    except RepeatedKey as error:
        return Faulty([(error.place, str(error))])
    except json.JSONDecodeError as error:
        return Faulty([("", f"not valid JSON: {error.msg} at column {error.colno}; write one object a line")])
    except (ValueError, RecursionError):  # digits or brackets beyond what the parser takes
        return Faulty([("", "not valid JSON: a number too long or nesting too deep")])


def _decoded(source: Source) -> Iterator[str]:
    for line in source.lines():
        if line is None:
            raise Faulty([("", f"longer than {MAX_LINE} bytes; close the quotes. The rows after it were not read")])
        yield line.decode(errors="surrogateescape")


def _header_problems(header: list[str], kind: RecordKind) -> list[tuple[str, str]]:
    names = ", ".join(kind.fields)
    if len(header) == 1 and re.search(r"[;\t]", header[0]):
        return [("", "the columns must be separated by commas, not by semicolons or tabs")]
    problems = [(name, f"unknown column; use only {names}") for name in header if name not in kind.fields]
    problems += [(name, "the column is there twice; keep one") for name in kind.fields if header.count(name) > 1]
    problems += [
        (name, f"missing column; the first row must name the columns, out of {names}")
        for name in kind.needed
        if name not in header
    ]
    return problems


def _from_cells(header: list[str], cells: list[str], kind: RecordKind) -> object:
    if any(_UNDECODED.search(cell) for cell in cells):
        return Faulty([("", _NO_UTF8)])
    if len(cells) != len(header):
        return Faulty([("", f"{len(cells)} cells under {len(header)} columns; quote cells that hold commas")])
    record: dict[str, object] = {
        name: cell for name, cell in zip(header, cells, strict=True) if cell or name in kind.needed
    }
    problems = [problem for name, example in kind.cells.items() if (problem := _parse_cell(record, name, example))]
    return Faulty(problems) if problems else record


def _parse_cell(record: dict[str, object], name: str, example: str) -> tuple[str, str] | None:
    """Put what a cell of JSON says in its place; what is wrong with it, if anything is."""
    if name not in record:
        return None
    try:
        record[name] = parsed(str(record[name]))
    except RepeatedKey as error:
        return f"{name}{error.place}", str(error)
    except (ValueError, RecursionError):
        return name, f"not valid JSON; write a list such as {example}"
    return None
