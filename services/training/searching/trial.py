"""A trial that is over: what is known of it, as JSON has it."""

from __future__ import annotations

from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict

State = Literal["complete", "pruned", "failed"]


class Trial(BaseModel):
    """A trial.

    Attributes:
        number: From 0.
        values: What it was made with.
        state: ``pruned``: given up; ``failed``: it could not be trained so.
        score: The best on the validation rows; ``None`` if it failed before the first.
        reported: The score after each epoch.
        seconds: What it took.
        reason: Why it failed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    values: dict[str, int | float]
    state: State
    score: float | None
    reported: tuple[float, ...]
    seconds: float
    reason: str | None = None


class Journal(Protocol):
    """Keeps finished trials, so that a search goes on where it was interrupted."""

    def finished(self) -> list[Trial]:
        """Those that are over, in order."""

    def add(self, trial: Trial) -> None:
        """One is over."""
