"""Watches a training run for the owner of the job."""

from __future__ import annotations

import time
from collections.abc import Callable

from services.training.fitting import StepReport, ValidationReport
from services.training.journal import Journal

#: Seconds between two events of figures; steps come far more often than people look.
_PAUSE = 2.0


class JobObserver:
    """Writes figures into the journal: every few seconds, at the last step and at every validation.

    Args:
        journal: Of the job.
        stopping: Whether the process was told to stop.
        clock: Seconds that only grow.
    """

    def __init__(
        self, journal: Journal, stopping: Callable[[], bool], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._journal = journal
        self._stopping = stopping
        self._clock = clock
        self._next = clock()
        self._last = StepReport(0, 0, 0, 0.0, 0.0, 0.0)

    def stepped(self, report: StepReport) -> None:
        """After every optimizer step."""
        self._last = report
        if self._clock() < self._next and report.step < report.total_steps:
            return
        self._next = self._clock() + _PAUSE
        self._journal.figures(
            f"Step {report.step}/{report.total_steps}: training loss {report.loss:.3f}",
            {
                "step": report.step,
                "total_steps": report.total_steps,
                "epoch": report.epoch,
                "train_loss": report.loss,
                "rows_per_second": report.rows_per_second,
                "seconds_left": report.seconds_left,
            },
            seconds_left=report.seconds_left,
        )

    def validated(self, report: ValidationReport) -> None:
        """After every validation."""
        figures = {f"valid_{name}": value for name, value in report.scores.items()}
        shown = ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in report.scores.items())
        self._journal.figures(
            f"Step {report.step}: validation {shown}" + (" (kept so far)" if report.is_kept else ""),
            {"step": report.step, "total_steps": self._last.total_steps, "valid_score": report.score, **figures},
        )

    def noticed(self, message: str) -> None:
        """Something happened that the owner should know."""
        self._journal.tell(message, level="warn")

    def stopping(self) -> bool:
        """Whether to stop now."""
        return self._stopping()
