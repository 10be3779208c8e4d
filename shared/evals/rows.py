"""The rows of a run: a JSON object a line."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.errors import InvalidInput

#: Rows of a run, and bytes of one.
MAX_ROWS, MAX_ROW_BYTES = 50_000, 1_000_000

_OF_A_RUN = "data_source.source.id"


class SourceRow(BaseModel):
    """A row: what a model is asked about, and what one has answered, if that is to be graded.

    Fields of the convention that have no meaning here are skipped.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    item: dict[str, Any]
    sample: dict[str, Any] | None = None


def rows_in(stream: BinaryIO, param: str = _OF_A_RUN) -> Iterator[SourceRow]:
    """The rows of a file, which ``param`` names.

    Raises:
        InvalidInput: A line is no row; it is named by its number.
    """
    number = 0
    while line := stream.readline(MAX_ROW_BYTES + 1):
        number += 1
        if len(line) > MAX_ROW_BYTES:
            raise InvalidInput(f"line {number} has more than {MAX_ROW_BYTES} bytes", param=param)
        if not line.strip():
            continue
        try:
            yield SourceRow.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the line"
            raise InvalidInput(f"line {number}: {where}: {first['msg']}", param=param) from None


def counted(stream: BinaryIO) -> int:
    """How many rows a file has.

    Raises:
        InvalidInput: It has none, too many, or one that is none.
    """
    total = sum(1 for _ in islice(rows_in(stream), MAX_ROWS + 1))
    if not total or total > MAX_ROWS:
        raise InvalidInput(f"a run has between 1 and {MAX_ROWS} rows", param=_OF_A_RUN)
    return total
