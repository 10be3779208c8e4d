"""Asking a model about rows, piece by piece."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.contracts.prediction import PredictRows, RowsPredicted
from shared.contracts.tasks import TaskName
from shared.errors import InvalidInput, Unavailable
from shared.messaging.requesting.requester import Requester
from shared.rows.problems import Faulty
from shared.tasks.records import RECORDS
from shared.telemetry.correlation import correlation_id

#: Rows of one message. The next one is sent when it has been answered, so that a long list never keeps chat turns waiting for
#: longer than this many rows take.
PER_MESSAGE = 32


@dataclass(frozen=True, slots=True)
class Predicted:
    """What a model says.

    Attributes:
        answers: One per row, in the order asked.
        tokens: Read in all.
    """

    answers: list[dict[str, Any]]
    tokens: int


class Predictions:
    """Asks inference about rows.

    Args:
        requester: The way to it.
        timeout: Seconds that a piece may take.
    """

    def __init__(self, requester: Requester, timeout: float) -> None:
        self._requester = requester
        self._timeout = timeout

    async def ask(self, model: str, rows: Sequence[dict[str, Any]]) -> Predicted:
        """What ``model``, an id, says of rows without labels.

        Raises:
            NotFound: There is no such model.
            DeadlineExceeded: Nobody answered in time.
            TooManyRequests: Too many wait already.
        """
        answers: list[dict[str, Any]] = []
        tokens = 0
        for start in range(0, len(rows), PER_MESSAGE):
            question = PredictRows(rows=tuple(rows[start : start + PER_MESSAGE]), model=model)
            future = self._requester.submit(question, timeout=self._timeout, correlation_id=correlation_id())
            answer = await asyncio.wrap_future(future)
            if not isinstance(answer, RowsPredicted):
                raise Unavailable(f"nlu answered with {type(answer).__name__}; all services must be of one version")
            answers += answer.answers
            tokens += answer.tokens
        return Predicted(answers, tokens)


def require_inputs(task: TaskName, rows: Sequence[object]) -> None:
    """Refuse rows that a model of a task cannot be asked about.

    Raises:
        InvalidInput: The first wrong row, with its place.
    """
    parse = RECORDS[task].parse_input
    for number, row in enumerate(rows):
        try:
            parse(row)
        except Faulty as faulty:
            field, message = faulty.problems[0]
            place = f"input[{number}]" + (f".{field}" if field else "")
            raise InvalidInput(f"Invalid '{place}': {message}.", param=place) from None
