"""What a job may try out before it trains: ranges of its own numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

from shared.contracts.training.tunings import Spec

Number = int | float
Values = Mapping[str, Number]
"""By name, what a trial is made with."""


class Range(Spec):
    """Numbers from ``low`` to ``high``, whole ones where the option takes no others; ``log``: as likely between 1 and 2 as between 2 and 4."""

    low: float
    high: float
    log: bool = False

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low {self.low:g} is not below high {self.high:g}; swap or widen them")
        if self.log and self.low <= 0:
            raise ValueError("a logarithm needs a low above 0; raise it, or leave log out")
        return self


Choices = Annotated[tuple[Number, ...], Field(min_length=2, max_length=32)]
Name = Annotated[str, StringConstraints(max_length=64)]
#: Trials are drawn at random until so many are done: before, nothing tells where to look.
STARTING_TRIALS = 5


class Search(Spec):
    """Trials of a job's numbers, of which the best is trained.

    Attributes:
        trials: How many, at most.
        timeout_s: Seconds after which no further one begins, and the one under way ends.
        space: By name (``n_epochs``, ``schedule.dropout``, ``tuning.rank``, …) a range, or the numbers there are to choose among.
        metric: A score on the validation rows that trials are chosen by; ``None``: the mean of all that the task tells.
    """

    trials: Annotated[int, Field(ge=2, le=200)]
    timeout_s: Annotated[int, Field(ge=1, le=604_800)] | None = None
    space: Annotated[dict[Name, Range | Choices], Field(min_length=1, max_length=12)]
    metric: Annotated[str, Field(min_length=1, max_length=64)] | None = None


#: What decides which texts and weights there are, not how they are trained.
_FIXED = ("type", "student_layers", "student_heads", "vocabulary", "max_steps", "max_length", "rows_at_once", "devices")


def searchable(parts: Mapping[str, type[BaseModel]]) -> dict[str, bool]:
    """What can be searched: by name, whether it is a whole number.

    Args:
        parts: The parts of a job; the names in one carry the part's name in front, unless that is empty.
    """
    found = {}
    for part, model in parts.items():
        for name, field in model.model_fields.items():
            if name not in _FIXED and field.annotation is not bool:
                whole = isinstance(field.default, int) or name in ("n_epochs", "batch_size")
                found[f"{part}.{name}" if part else name] = whole
    return found


def require_searchable(search: Search, parts: Mapping[str, type[BaseModel]]) -> None:
    """Refuse names that there are not.

    Raises:
        ValueError: The first of them, with those that there are.
    """
    there = searchable(parts)
    unknown = next((name for name in search.space if name not in there), None)
    if unknown is not None:
        raise ValueError(f"space names {unknown!r}, which cannot be searched here; there are {', '.join(there)}")


def ends(choices: Range | tuple[Number, ...], *, is_whole: bool) -> tuple[Number, ...]:
    """Values that are valid only if all are."""
    if isinstance(choices, tuple):
        return choices
    return (int(choices.low), int(choices.high)) if is_whole else (choices.low, choices.high)


def placed(asked: Mapping[str, Any], values: Values) -> dict[str, Any]:
    """A job as JSON has it, with values in their places; ``hyperparameters`` holds those whose names have no part."""
    found = {**asked}
    for name, value in values.items():
        part, _, option = name.rpartition(".")
        place = part or "hyperparameters"
        found[place] = {**found[place], option: value}
    return found
