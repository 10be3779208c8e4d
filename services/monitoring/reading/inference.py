"""Asking nlu, piece by piece, from a thread that waits for the answers."""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.contracts.chat.analysis import AnalyzeText, TextAnalyzed
from shared.contracts.chat.understanding import Understanding
from shared.contracts.message import Message
from shared.contracts.training.prediction import PredictRows, RowsPredicted
from shared.errors import Unavailable
from shared.messaging.requesting.requester import Requester

#: Texts of one message, and messages under way: nlu always has work, and a chat turn waits for no more than these.
PER_MESSAGE = 32
_UNDER_WAY = 2


@dataclass(frozen=True, slots=True)
class ReadText:
    """What nlu says of one text; ``embedding`` if it was asked for and the model makes some."""

    understanding: Understanding
    embedding: NDArray[np.float32] | None


class Inference:
    """Asks nlu. Thread-safe.

    Args:
        requester: The way to it.
        timeout: Seconds that a piece may take.
    """

    def __init__(self, requester: Requester, timeout: float) -> None:
        self._requester = requester
        self._timeout = timeout
        self._waiting: set[Future[Message]] = set()
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        """Whether nobody is to wait any more."""
        return self._is_closed

    def close(self) -> None:
        """Let whoever waits for an answer go, and nobody wait any more. From any thread."""
        self._is_closed = True
        for future in list(self._waiting):
            future.cancel()

    def read(self, model: str, texts: Sequence[str], *, with_embeddings: bool = False) -> list[ReadText]:
        """What a model of the task ``nlu`` understands of texts, in their order.

        Raises:
            ParleyError: Nobody answered in time, or what nlu says is wrong.
        """

        def question(piece: Sequence[str]) -> AnalyzeText:
            return AnalyzeText(texts=tuple(piece), model=model, with_embeddings=with_embeddings)

        found = []
        for answer in self._answers(texts, question):
            if not isinstance(answer, TextAnalyzed):
                raise _of_another_version(answer)
            vectors = map(_vector, answer.embeddings) if answer.embeddings else [None] * len(answer.understandings)
            found += [ReadText(*one) for one in zip(answer.understandings, vectors, strict=True)]
        return found

    def predict(self, model: str, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """What a model of any other task says of rows, in their order.

        Raises:
            ParleyError: As above.
        """

        def question(piece: Sequence[dict[str, Any]]) -> PredictRows:
            return PredictRows(rows=tuple(piece), model=model)

        found: list[dict[str, Any]] = []
        for answer in self._answers(rows, question):
            if not isinstance(answer, RowsPredicted):
                raise _of_another_version(answer)
            found += answer.answers
        return found

    def _answers(self, items: Sequence[Any], question: Callable[[Sequence[Any]], Message]) -> Iterator[Message]:
        waiting: deque[Future[Message]] = deque()
        for start in range(0, len(items), PER_MESSAGE):
            waiting.append(self._submitted(question(items[start : start + PER_MESSAGE])))
            if len(waiting) >= _UNDER_WAY:
                yield self._answer(waiting.popleft())
        while waiting:
            yield self._answer(waiting.popleft())

    def _submitted(self, asked: Message) -> Future[Message]:
        future = self._requester.submit(asked, timeout=self._timeout)
        self._waiting.add(future)
        if self._is_closed:
            future.cancel()
        return future

    def _answer(self, future: Future[Message]) -> Message:
        try:
            return future.result()
        except CancelledError:
            raise Unavailable("monitoring stops; what is not read yet stays in the queue") from None
        finally:
            self._waiting.discard(future)


def _vector(encoded: str) -> NDArray[np.float32]:
    return np.frombuffer(base64.b64decode(encoded), dtype="<f4")


def _of_another_version(answer: Message) -> Unavailable:
    return Unavailable(f"nlu answered with {type(answer).__name__}; all services must be of one version")
