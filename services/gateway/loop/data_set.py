"""A version of the data set: the rows of the model in production with what people corrected since."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from shared.tasks.nlu.record import row_from
from shared.tasks.nlu.row import Row


def joined(base: Iterable[Row], corrections: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """The rows of both as JSON Lines, corrections last.

    A row with the very text of a correction (after the same words) yields to it, label by label: what nobody corrected is kept.

    Args:
        base: Rows as they were trained on.
        corrections: Records of corrected turns, at most one for each text that counts.
    """
    corrected = {row.key: (row, record) for row, record in ((row_from(one), dict(one)) for one in corrections)}
    for row in base:
        if row.key not in corrected:
            yield _line(_record(row))
        else:
            mine, record = corrected[row.key]
            corrected[row.key] = (mine, _record(row) | record)
    yield from (_line(record) for _, record in corrected.values())


def _record(row: Row) -> dict[str, Any]:
    record = {name: value for name, value in asdict(row).items() if value is not None and value != ()}
    if row.entities is not None:
        record["entities"] = [asdict(entity) for entity in row.entities]
    return record


def _line(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"
