"""What is wrong with a file, place by place: the same shape for data rows and bot files."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Fault(BaseModel):
    """One thing that is wrong (or, as a warning, suspicious) in an uploaded file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    line: int
    """1-based row of a data file, or line of a bot file."""
    field: str
    """The column or the dotted path at fault."""
    message: str
    """What is wrong and what to do about it."""
