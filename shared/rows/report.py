"""What reading a data file found: the good rows, and every fault and warning with its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from shared.contracts.faults import Fault
from shared.contracts.training.tasks import TaskName
from shared.privacy.masking import masked

#: Faults (and warnings) kept with their text; further ones are only counted.
MAX_LISTED = 100
#: Characters of a field's name in a report; whoever writes the file chooses it.
MAX_FIELD = 200


@dataclass(slots=True)
class FaultList:
    """The first faults in full, and the number of all of them."""

    listed: list[Fault] = field(default_factory=list)
    total: int = 0

    def add(self, line: int, column: str, message: str) -> None:
        """Count a fault, and keep it while there is room; what it quotes is masked, since reports outlive their file."""
        self.total += 1
        if len(self.listed) < MAX_LISTED:
            self.listed.append(Fault(line=line, field=masked(column[:MAX_FIELD]), message=masked(message)))

    def extend(self, line: int, problems: Iterable[tuple[str, str]]) -> None:
        """Add several problems of one row, each a (field, message) pair."""
        for column, message in problems:
            self.add(line, column, message)


@dataclass(frozen=True, slots=True)
class RowReport:
    """The result of reading a data file.

    Attributes:
        rows: The rows without a fault, in file order.
        task: What they are rows of.
        faults: What is wrong; the first ``MAX_LISTED`` of them. A file with faults must not be trained on.
        fault_count: All faults, listed or not.
        warnings: Duplicates and conflicting labels; the first ``MAX_LISTED`` of them.
        warning_count: All warnings, listed or not.
        sha256: Hash of the file's bytes.
    """

    rows: list[Any]
    task: TaskName
    faults: list[Fault]
    fault_count: int
    warnings: list[Fault]
    warning_count: int
    sha256: str
