"""Asking a language model from within: an emitter that hands on what comes, and a wait for the end."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from threading import Lock

from shared.contracts.chat.generation import GenerateText, TextGenerated, TokensProduced
from shared.contracts.message import Message
from shared.errors import DeadlineExceeded, Unavailable
from shared.messaging.consuming.handlers import Emitter

Generate = Callable[[GenerateText, Emitter], None]


class Collector:
    """See ``Emitter``: the other end of an answer that this process asks for itself.

    Args:
        take: Gets the text of each piece, in order.
    """

    def __init__(self, take: Callable[[str], None]) -> None:
        self._take = take
        self._lock = Lock()
        self._cancelled = False
        self._callbacks: list[Callable[[], None]] = []
        self._end: Future[TextGenerated] = Future()

    @property
    def cancelled(self) -> bool:
        """See ``Emitter``."""
        return self._cancelled

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """See ``Emitter``."""
        with self._lock:
            now = self._cancelled
            if not now:
                self._callbacks.append(callback)
        if now:
            callback()

    def send(self, part: Message) -> None:
        """See ``Emitter``."""
        if isinstance(part, TokensProduced) and not self._end.done() and not self._cancelled:
            self._take("".join(piece.text for piece in part.pieces))

    def finish(self, outcome: Message) -> None:
        """See ``Emitter``."""
        with self._lock:
            if not self._end.done() and isinstance(outcome, TextGenerated):
                self._end.set_result(outcome)

    def fail(self, error: Exception) -> None:
        """See ``Emitter``."""
        with self._lock:
            if not self._end.done():
                self._end.set_exception(error)

    def cancel(self) -> None:
        """Nobody wants the rest."""
        with self._lock:
            already, self._cancelled = self._cancelled, True
            callbacks, self._callbacks = self._callbacks, []
        if not already:
            for callback in callbacks:
                callback()
        self.fail(Unavailable("the answer was cancelled"))

    def wait(self, seconds: float) -> TextGenerated:
        """The end of the answer.

        Raises:
            ParleyError: There is none.
            DeadlineExceeded: It takes too long; the model stops.
        """
        try:
            return self._end.result(seconds)
        except FutureTimeout:
            self.cancel()
            raise DeadlineExceeded("the language model takes too long") from None
