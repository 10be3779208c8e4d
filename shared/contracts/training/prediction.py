"""Asking a model of any task about rows."""

from __future__ import annotations

from typing import Any, ClassVar

from shared.contracts.message import REPLY, Exchange, Message, Route
from shared.contracts.training.tasks import TaskName


class PredictRows(Message):
    """Rows without labels, as the records of the model's task have them, e.g. by ``POST /v1/models/{id}/predict``."""

    TYPE: ClassVar[str] = "rows.predict"
    ROUTE: ClassVar[Route] = Route(Exchange.RPC, "nlu")

    rows: tuple[dict[str, Any], ...]
    model: str
    """A model id."""


class RowsPredicted(Message):
    """One answer per row, in the order asked."""

    TYPE: ClassVar[str] = "rows.predicted"
    ROUTE: ClassVar[Route] = REPLY

    model: str
    task: TaskName
    answers: tuple[dict[str, Any], ...]
    """Their fields are the task's."""
    tokens: int
    """Tokens read, special tokens included."""
