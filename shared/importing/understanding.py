"""What was understood of a file, for the person who brought it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.importing.columns import Understood
from shared.importing.content import Content, Row
from shared.privacy.masking import masked

#: Rows that are shown.
FIRST_ROWS = 3
#: Labels of one field that are counted by name.
_MAX_LABELS = 200


@dataclass(frozen=True, slots=True)
class Understanding:
    """What was understood.

    Attributes:
        format: Which format was read.
        encoding: Of a text file.
        sheet: Of a workbook.
        task: What the rows are for.
        columns: By field: the column, and how it was found.
        unused: Columns that hold no field.
        rows: How many were taken.
        left_out: Reason, count and first rows of what was not.
        counted_in: What those numbers count.
        labels: How often each label occurs, by field.
        first_rows: The first that were taken.
        notes: What else a person should know.
    """

    format: str
    encoding: str | None
    sheet: str | None
    task: str
    columns: Mapping[str, tuple[str, str]]
    unused: tuple[str, ...]
    rows: int
    left_out: Sequence[tuple[str, int, list[int]]]
    counted_in: str
    labels: Mapping[str, Mapping[str, int]]
    first_rows: Sequence[Row]
    notes: tuple[str, ...]

    @property
    def left_out_count(self) -> int:
        """All that was left out."""
        return sum(count for _, count, _ in self.left_out)

    def as_json(self) -> dict[str, Any]:
        """For a report that outlives the file: what it quotes is masked of personal numbers and addresses."""
        return {
            "format": self.format,
            "encoding": self.encoding,
            "sheet": self.sheet,
            "task": self.task,
            "columns": {
                field: {"column": masked(name), "found_by": how} for field, (name, how) in self.columns.items()
            },
            "unused_columns": [masked(name) for name in self.unused],
            "rows": self.rows,
            "left_out_count": self.left_out_count,
            "left_out": [
                {"reason": masked(reason), "count": count, f"first_{self.counted_in}s": first}
                for reason, count, first in self.left_out
            ],
            "labels": {field: dict(counts) for field, counts in self.labels.items()},
            "first_rows": [_masked(row) for row in self.first_rows],
            "notes": list(self.notes),
        }


def understanding(
    name: str, content: Content, found: Understood, rows: Sequence[Row], notes: list[str]
) -> Understanding:
    """Sum up an import."""
    used = {column.name for column in found.columns.values()}
    return Understanding(
        format=name,
        encoding=content.encoding,
        sheet=content.sheet,
        task=found.task,
        columns={field: (column.name, column.how) for field, column in found.columns.items()},
        unused=tuple(column for column in content.columns if column not in used),
        rows=len(rows),
        left_out=content.left_out.listed(),
        counted_in=content.counted_in,
        labels={
            field: counts
            for field in ("intent", "sentiment", "entities", "label", "labels", "tags")
            if (counts := _counts(field, rows))
        },
        first_rows=rows[:FIRST_ROWS],
        notes=(*content.notes, *notes),
    )


def _counts(field: str, rows: Sequence[Row]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for row in rows:
        value = row.get(field)
        for one in value if isinstance(value, list) else [value]:
            label = one.get("label") if isinstance(one, dict) else one
            if label is not None:
                counts[str(label)] += 1
    return dict(counts.most_common(_MAX_LABELS))


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, list):
        return [_masked(one) for one in value]
    return {key: _masked(one) for key, one in value.items()} if isinstance(value, dict) else value
