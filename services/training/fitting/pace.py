"""How fast a run goes."""

from __future__ import annotations

from collections.abc import Callable

from services.training.fitting.callback import StepReport
from services.training.fitting.checkpoint import Progress

Clock = Callable[[], float]
"""Seconds that only ever grow."""


class Pace:
    """How fast a run goes, and when the next checkpoint is due."""

    def __init__(self, clock: Clock, first_step: int, total_steps: int, checkpoint_seconds: float) -> None:
        self._clock = clock
        self._began = self._saved = clock()
        self._first_step = first_step
        self._total_steps = total_steps
        self._checkpoint_seconds = checkpoint_seconds
        self._rows = 0

    def elapsed(self) -> float:
        """Seconds since this process began to train."""
        return self._clock() - self._began

    def report(self, progress: Progress, loss: float, rows: int) -> StepReport:
        """The report of a step over so many rows."""
        self._rows += rows
        elapsed = max(self.elapsed(), 1e-9)
        return StepReport(
            step=progress.step,
            total_steps=self._total_steps,
            epoch=progress.epoch + 1,
            loss=loss,
            rows_per_second=self._rows / elapsed,
            seconds_left=elapsed / (progress.step - self._first_step) * (self._total_steps - progress.step),
        )

    def checkpoint_due(self) -> bool:
        """Whether it is time; if so, the time starts anew."""
        now = self._clock()
        due = now - self._saved >= self._checkpoint_seconds
        if due:
            self._saved = now
        return due
