"""What a run says of itself while it goes on, and to whom. No torch: the job's side of it runs without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StepReport:
    """One optimizer step was taken."""

    step: int
    """From 1."""
    total_steps: int
    epoch: int
    """From 1."""
    loss: float
    rows_per_second: float
    """Since this process began to train."""
    seconds_left: float


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """The weights of a step were tried on the validation rows."""

    step: int
    scores: dict[str, float]
    score: float
    """The mean of ``scores``."""
    is_kept: bool
    """Whether these weights are the ones that the model would get if the run ended now."""


class TrainingCallback(Protocol):
    """Who watches a run. Called from the training thread: be quick."""

    def stepped(self, report: StepReport) -> None:
        """After every optimizer step."""

    def validated(self, report: ValidationReport) -> None:
        """After every validation."""

    def noticed(self, message: str) -> None:
        """Something happened that the owner of the job should know."""

    def stopping(self) -> bool:
        """Whether to stop now; asked before every step."""
