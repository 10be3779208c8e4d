"""Our rows in the format of another tool."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from shared.errors import InvalidInput
from shared.importing.content import Row
from shared.importing.formats.table import named


def export_rows(rows: Sequence[Row], format_name: str, drop: Collection[str] = ()) -> bytes:
    """The bytes of a file. Nothing is left out that is not told.

    Args:
        rows: All of one task.
        format_name: A name out of the table of formats.
        drop: Fields that are left out.

    Raises:
        InvalidInput: There is no such format, or it cannot hold what a row has; says which row and field.
    """
    target = named(format_name)
    kept = [{name: value for name, value in row.items() if name not in drop} for row in rows]
    if not kept:
        raise InvalidInput("There are no rows to write.", param="file")
    return target.write(kept)
