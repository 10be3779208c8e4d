"""Where the header of a table stands."""

from __future__ import annotations

from collections.abc import Sequence

from shared.errors import InvalidInput
from shared.importing.content import MAX_COLUMNS, is_blank, letter


def header_of(rows: Sequence[Sequence[object]], told: int | None) -> tuple[list[object], int, list[str]]:
    """The cells that name the columns, the index of the first row below, and what to tell about it.

    A title above the table, which a merged cell often is, fills one cell of a row alone, while the rows below fill several: it is skipped.

    Args:
        rows: From the first one on.
        told: The row of the header as a person counts, 0 for none.

    Raises:
        InvalidInput: There is no such row.
    """
    if told == 0:
        width = max((_width(row) for row in rows[:1000]), default=0)
        return (
            [letter(index) for index in range(min(width, MAX_COLUMNS + 1))],
            0,
            ["no header: columns are called by their letters"],
        )
    if told is not None:
        if told > len(rows):
            raise InvalidInput(f"The header cannot be row {told}: the file has {len(rows)}.", param="header")
        return list(rows[told - 1])[: max(1, _width(rows[told - 1]))], told, []
    index = next((index for index, row in enumerate(rows) if _filled(row)), 0)
    below = next((later for later in range(index + 1, min(index + 6, len(rows))) if _filled(rows[later]) > 1), None)
    notes = []
    if below is not None and _filled(rows[index]) == 1 and len(rows) > below + 1:
        notes.append(f"row {index + 1} is a title and was skipped")
        index = below
    header = list(rows[index]) if rows else []
    return header[: max(1, _width(header))], index + 1, notes


def _filled(row: Sequence[object]) -> int:
    return sum(1 for cell in row if not is_blank(cell))


def _width(row: Sequence[object]) -> int:
    return max((index + 1 for index, cell in enumerate(row) if not is_blank(cell)), default=0)
