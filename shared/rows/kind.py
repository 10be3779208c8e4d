"""What the records of a task look like in a file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.contracts.training.tasks import TaskName
from shared.rows.row import LabelledRow


@dataclass(frozen=True, slots=True)
class RecordKind:
    """One kind of record.

    Attributes:
        task: Which task it is for.
        example: A record, as a user would write it.
        fields: Every field that a record may have.
        needed: Those of a CSV file without which no record can be made.
        labels: Those in which two records of the same text may contradict each other.
        cells: Columns of a CSV file whose cells hold JSON, with an example of each.
        parse: Makes a row of a parsed record; raises ``Faulty``.
        repeated: Whether rows of one key may be labelled otherwise: a question with several answers is a row for each.
        parse_input: The same of a record without labels: what a model is asked about.
    """

    task: TaskName
    example: str
    fields: tuple[str, ...]
    needed: tuple[str, ...]
    labels: tuple[str, ...]
    cells: Mapping[str, str]
    parse: Callable[[object], LabelledRow]
    parse_input: Callable[[object], Any]
    repeated: bool = False

    def identity(self, row: LabelledRow) -> Hashable:
        """What two rows share of which one is too many, or wrong."""
        return (row.key, *(getattr(row, name) for name in self.labels)) if self.repeated else row.key

    def contradiction(self, one: Any, other: Any) -> str | None:
        """The label in which two rows of the same text differ, if there is one; what is not labelled contradicts nothing."""
        for name in self.labels:
            ours, theirs = getattr(one, name), getattr(other, name)
            if ours is not None and theirs is not None and ours != theirs:
                return name
        return None


KindOf = Callable[[Iterable[Collection[str]]], RecordKind]
"""The kind that records are of, by the fields of each."""
