"""An answer of a language model while it is being written, and the response that comes of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from services.gateway.chat.generated import TokenLogprobs, token_logprobs
from services.gateway.chat.generating import end_of, pieces_of
from services.gateway.conversations.items import answer_id
from services.gateway.responses.objects import stored_output, turn_id_of, written
from services.gateway.responses.schemas import OutputMessage, OutputText
from shared.contracts.generation import TextGenerated
from shared.contracts.message import Message
from shared.errors import ParleyError
from shared.storage.tables import Response

Delta = tuple[str, list[TokenLogprobs]]


class Writing:
    """Takes what a model writes.

    Args:
        row: The response that it answers.
        with_logprobs: Whether log-probabilities are told.
    """

    def __init__(self, row: Response, *, with_logprobs: bool) -> None:
        self.row = row
        self.end: TextGenerated | None = None
        self.cuts: list[int] = []
        self._with_logprobs = with_logprobs
        self._words: list[str] = []
        self._logprobs: list[TokenLogprobs] = []

    @property
    def item_id(self) -> str:
        """The id of the message that is being written."""
        return answer_id(turn_id_of(self.row.id))

    def take(self, messages: Iterable[Message]) -> list[Delta]:
        """What was added, as it goes into a stream."""
        some = list(messages)
        pieces = pieces_of(some)
        words = "".join(piece.text for piece in pieces)
        logprobs = (
            token_logprobs([token for piece in pieces for token in piece.logprobs]) if self._with_logprobs else []
        )
        self.end = end_of(some) or self.end
        if not words and not logprobs:
            return []
        self._words.append(words)
        self._logprobs += logprobs
        self.cuts.append(len(words))
        return [(words, logprobs)]

    def message(self) -> OutputMessage:
        """What was written."""
        complete = self.end is not None and self.end.finish_reasons[0] != "length"
        text = OutputText(text="".join(self._words), logprobs=self._logprobs)
        return OutputMessage(id=self.item_id, status="completed" if complete else "incomplete", content=[text])

    def outcome(self, end: TextGenerated, now: float) -> dict[str, Any]:
        """What becomes of the response now that it is written."""
        return {
            "status": "incomplete" if end.finish_reasons[0] == "length" else "completed",
            "completed_at": now,
            "output": stored_output([self.message()]),
            "cuts": self.cuts,
            "usage": written(end),
        }


def blocked(now: float, usage: dict[str, int] | None = None) -> dict[str, Any]:
    """What becomes of a response that a moderation does not let through."""
    return {"status": "incomplete", "completed_at": now, "output": [], "cuts": [], "usage": usage}


def failure(error: ParleyError, code: str, message: str, now: float) -> dict[str, Any]:
    """What becomes of a response that cannot be written."""
    told = {"code": code or error.code, "message": message}
    return {"status": "failed", "completed_at": now, "error": told}
