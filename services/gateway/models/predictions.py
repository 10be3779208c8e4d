"""Asking a model about rows, piece by piece."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from shared.contracts.training.prediction import PredictRows, RowsPredicted
from shared.errors import Unavailable
from shared.messaging.requesting.requester import Requester
from shared.telemetry.correlation import correlation_id

#: Rows of one message, and their characters, unless a single row has more. The next one is sent when it has been answered, so that a
#: long list never keeps chat turns waiting for longer than these take.
PER_MESSAGE = 32
CHARACTERS = 20_000


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
        for piece in pieces(rows):
            question = PredictRows(rows=tuple(piece), model=model)
            future = self._requester.submit(question, timeout=self._timeout, correlation_id=correlation_id())
            answer = await asyncio.wrap_future(future)
            if not isinstance(answer, RowsPredicted):
                raise Unavailable(f"nlu answered with {type(answer).__name__}; all services must be of one version")
            answers += answer.answers
            tokens += answer.tokens
        return Predicted(answers, tokens)


def pieces(rows: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """The rows in as many messages as they take."""
    piece: list[dict[str, Any]] = []
    taken = 0
    for row in rows:
        size = sum(len(value) for value in row.values() if isinstance(value, str))
        if piece and (len(piece) == PER_MESSAGE or taken + size > CHARACTERS):
            yield piece
            piece, taken = [], 0
        piece.append(row)
        taken += size
    yield piece
