"""A callback that lets a run go on."""

from __future__ import annotations

from services.training.fitting.callback import StepReport, ValidationReport


class Quiet:
    """Says nothing and never stops."""

    def stepped(self, report: StepReport) -> None:
        """After each step."""

    def validated(self, report: ValidationReport) -> None:
        """After each validation."""

    def noticed(self, message: str) -> None:
        """What the owner of a job should know."""

    def stopping(self) -> bool:
        """Never."""
        return False
