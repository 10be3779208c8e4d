"""Watches the run of a trial: ends it when it is hopeless, or when the time is over."""

from __future__ import annotations

from collections.abc import Callable

from services.training.fitting.callback import StepReport, ValidationReport
from services.training.searching.study import Candidate
from shared.errors import TrainingFailed


class TrialCallback:
    """Of one trial.

    Args:
        candidate: What is tried.
        metric: The score that counts; ``None``: their mean.
        interrupted: Whether the process was told to stop.
        overtime: Whether the time of the whole search is over.
    """

    def __init__(
        self,
        candidate: Candidate,
        metric: str | None,
        interrupted: Callable[[], bool],
        overtime: Callable[[], bool],
    ) -> None:
        self._candidate = candidate
        self._metric = metric
        self._interrupted = interrupted
        self._overtime = overtime
        self.pruned = False

    def stepped(self, report: StepReport) -> None:
        """After every optimizer step."""

    def validated(self, report: ValidationReport) -> None:
        """After every validation.

        Raises:
            TrainingFailed: The task tells no such score.
        """
        if self._metric is not None and self._metric not in report.scores:
            raise TrainingFailed(
                f"There is no score {self._metric!r} on the validation rows; there are {', '.join(report.scores)}.",
                param="search.metric",
            )
        score = report.score if self._metric is None else report.scores[self._metric]
        self.pruned = self._candidate.hopeless(score) or self._overtime()

    def noticed(self, message: str) -> None:
        """What a run says of itself is of no interest in a trial."""

    def stopping(self) -> bool:
        """Whether to stop now; a trial that nobody has judged yet is not given up for the time."""
        if not self.pruned and self._candidate.reported and self._overtime():
            self.pruned = True
        return self.pruned or self._interrupted()
