"""What a process says of itself: whether it works at all, and what it still lacks, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Check = Callable[[], str | None]
"""``None`` when all is well, else one sentence about what is missing."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the checks said.

    Attributes:
        ready: Whether every check passed.
        problems: The sentence of each that did not, by its name.
    """

    ready: bool
    problems: dict[str, str]


class Health:
    """The checks of one process, made once by its composition root.

    Args:
        checks: What somebody has to bring, such as a model; a process that lacks it is left alone.
        vital: What only a restart of the process mends.
    """

    def __init__(self, checks: Mapping[str, Check], vital: Mapping[str, Check]) -> None:
        self._checks = dict(checks)
        self._vital = dict(vital)

    def report(self) -> Report:
        """Run every check."""
        return _report(self._checks | self._vital)

    def vital(self) -> Report:
        """Run the checks whose failure calls for a restart."""
        return _report(self._vital)


def _report(checks: Mapping[str, Check]) -> Report:
    problems = {name: problem for name, check in checks.items() if (problem := check())}
    return Report(ready=not problems, problems=problems)
