"""What every format is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.errors import InvalidInput
from shared.importing.content import Content, Row
from shared.importing.options import ImportOptions


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Attributes:
        name: As a person asks for it.
        suffixes: Endings of its files' names; the first is given to a file that is written.
        read: Finds the records in the bytes of a file.
        write: Makes the bytes of a file of rows; raises ``Unwritable`` for what the format cannot hold.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[bytes, ImportOptions], Content]
    write: Callable[[Sequence[Row]], bytes]


class Unwritable(InvalidInput):
    """A format cannot hold what a row has; says which row and field, and what to do."""

    def __init__(self, number: int, field: str, problem: str) -> None:
        super().__init__(f"Row {number}, {field!r}: {problem}", param=field)


def refuse_fields(rows: Sequence[Row], held: Sequence[str], format_name: str, needed: Sequence[str] = ()) -> None:
    """Raise for the first row that has a field which a format cannot hold, or lacks one that it needs.

    Raises:
        Unwritable: There is such a row.
    """
    for number, row in enumerate(rows, start=1):
        for name in row:
            if name not in held:
                raise Unwritable(
                    number, name, f"{format_name} cannot hold it; leave the field out with --drop {name}, or use jsonl."
                )
        for name in needed:
            if name not in row:
                raise Unwritable(number, name, f"{format_name} needs it in every row, and it is missing; use jsonl.")


def refuse_some_unlabelled(rows: Sequence[Row], format_name: str) -> None:
    """Raise if some rows are labelled for entities and others are not, in a format where a row without spans has none.

    Raises:
        Unwritable: There are both.
    """
    labelled = [row.get("entities") is not None for row in rows]
    if any(labelled) and not all(labelled):
        raise Unwritable(
            labelled.index(False) + 1,
            "entities",
            f'not labelled, while other rows are: {format_name} would say that the row has none. Label it, "entities": [] if it has none.',
        )
