"""An emitter that keeps what it is handed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from shared.contracts.chat.generation import TextGenerated, TextPiece, TokensProduced
from shared.contracts.message import Message


class Emitted:
    """See ``Emitter``."""

    def __init__(self) -> None:
        self.cancelled = False
        self._pieces: list[TextPiece] = []
        self._end: Future[Message] = Future()

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """Nobody cancels."""

    def send(self, part: Message) -> None:
        """Keep a part."""
        assert isinstance(part, TokensProduced)
        self._pieces += part.pieces

    def finish(self, outcome: Message) -> None:
        """Keep the end."""
        self._end.set_result(outcome)

    def fail(self, error: Exception) -> None:
        """Raise it where the end is waited for."""
        self._end.set_exception(error)

    def end(self) -> TextGenerated:
        """The end, once it is there."""
        end = self._end.result(60)
        assert isinstance(end, TextGenerated)
        return end

    def words(self) -> str:
        """What was said."""
        self.end()
        return "".join(piece.text for piece in self._pieces)

    def calls(self) -> dict[int, list[str]]:
        """Name and arguments of each call."""
        self.end()
        found: dict[int, list[str]] = {}
        for call in (call for piece in self._pieces for call in piece.calls):
            known = found.setdefault(call.index, ["", ""])
            known[0] += call.name or ""
            known[1] += call.arguments
        return found
