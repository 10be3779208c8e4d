"""Readiness: a named list of checks, each of which says in words what is missing."""

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
    """The checks of one process, made once by its composition root."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = dict(checks)

    def report(self) -> Report:
        """Run every check."""
        problems = {name: problem for name, check in self._checks.items() if (problem := check())}
        return Report(ready=not problems, problems=problems)
