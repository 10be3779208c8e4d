"""Parquet; the home of pyarrow."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from shared.errors import InvalidInput
from shared.importing.content import MAX_BYTES, MAX_COLUMNS, Cells, Content, Records, Row
from shared.importing.formats.format import Unwritable
from shared.importing.libraries import library_of
from shared.importing.options import ImportOptions
from shared.rows.reader import MAX_ROWS

#: Rows of one batch. A dictionary lets a small file repeat a long value in every row, so that a column may unpack to far more than its size
#: tells: a batch has so few rows that even a value as long as the whole column fits that many times.
_MAX_BATCH = 4096

_ADVICE = "save it as CSV or JSON Lines"


def read(data: bytes, _options: ImportOptions) -> Content:
    """Read all row groups; class numbers become the names that the file's own description gives them."""
    with library_of("Parquet"):
        import pyarrow
        from pyarrow import parquet
    try:
        file = parquet.ParquetFile(pyarrow.BufferReader(data))
        batch = _batch_size(file.metadata)
        names = _class_names(file.schema_arrow.metadata or {})
        records = Records(file.schema_arrow.names)
        number = 0
        for found in file.iter_batches(batch_size=batch):
            for row in found.to_pylist():
                number += 1
                records.add(number, _named(row, names))
    except (pyarrow.ArrowException, OSError, ValueError, MemoryError) as error:
        raise InvalidInput(f"The file is no Parquet that can be read; {_ADVICE}.", param="file") from error
    notes = [f"the numbers of {column!r} were replaced by their names" for column in names if column in records.columns]
    return Content(records.columns, records.items, records.left_out, notes)


def _batch_size(metadata: Any) -> int:
    if metadata.num_rows > MAX_ROWS:
        raise InvalidInput(f"More than {MAX_ROWS} rows; split the file.", param="file")
    if metadata.num_columns > MAX_COLUMNS:
        raise InvalidInput(f"More than {MAX_COLUMNS} columns; remove those that are no rows' data.", param="file")
    groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
    if sum(group.total_byte_size for group in groups) > MAX_BYTES:
        raise InvalidInput(f"The file unpacks to more than {MAX_BYTES} bytes; split it.", param="file")
    largest = max(
        (group.column(index).total_uncompressed_size for group in groups for index in range(group.num_columns)),
        default=1,
    )
    return min(_MAX_BATCH, max(1, MAX_BYTES // max(1, largest)))


def _class_names(metadata: Mapping[bytes, bytes]) -> dict[str, list[str]]:
    """The names of class numbers by column, as Hugging Face's datasets describe them."""
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        found = {column: _names(feature) for column, feature in features.items()}
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError):
        return {}
    return {column: names for column, names in found.items() if names}


def _names(feature: Any) -> list[str]:
    inner = feature.get("feature", feature) if isinstance(feature, dict) else feature
    inner = inner[0] if isinstance(inner, list) and inner else inner
    names = inner.get("names") if isinstance(inner, dict) and inner.get("_type") == "ClassLabel" else None
    return [str(name) for name in names] if isinstance(names, list) else []


def _named(row: Cells, names: Mapping[str, list[str]]) -> Cells:
    return {column: _plain(_name(value, names[column]) if column in names else value) for column, value in row.items()}


def _name(value: object, names: list[str]) -> object:
    if isinstance(value, list):
        return [_name(one, names) for one in value]
    return names[value] if isinstance(value, int) and 0 <= value < len(names) else None if value == -1 else value


def _plain(value: object) -> object:
    """Without the nulls that stand for fields which an object does not have, and without numbers that are none."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items() if one is not None}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, bytes):
        raise InvalidInput(f"The file holds a column of bytes; leave it out, or {_ADVICE}.", param="file")
    return None if isinstance(value, float) and math.isnan(value) else value


def write(rows: Sequence[Row]) -> bytes:
    """One table; lists and objects stand as such."""
    with library_of("Parquet"):
        import pyarrow
        from pyarrow import parquet
    file = io.BytesIO()
    columns = list(dict.fromkeys(name for row in rows for name in row))
    try:
        table = pyarrow.table({name: pyarrow.array([row.get(name) for row in rows]) for name in columns})
    except (pyarrow.ArrowException, ValueError) as error:
        raise Unwritable(1, columns[0], f"the rows do not fit into one table ({error}); use jsonl.") from error
    parquet.write_table(table, file)
    return file.getvalue()
