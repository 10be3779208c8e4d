"""An answer of a language model while it is being written, and the response that comes of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.gateway.chat.generated import TokenLogprobs, token_logprobs
from services.gateway.chat.generating import end_of, pieces_of
from services.gateway.conversations.items import answer_id
from services.gateway.responses.objects import stored_output, turn_id_of, written
from services.gateway.responses.schemas import FunctionCall, OutputMessage, OutputText
from shared.contracts.chat.generation import CallPiece, ChosenToken, TextGenerated
from shared.contracts.message import Message
from shared.errors import ParleyError
from shared.storage.tables.core import Response


@dataclass(slots=True)
class Part:
    """An item of the output that is being written: a message, or the call of a function.

    Attributes:
        id: Of the item.
        call: The piece that a call began with; ``None`` for a message.
        written: Its words, or its arguments, as they came.
        logprobs: Of the words.
    """

    id: str
    call: CallPiece | None = None
    written: list[str] = field(default_factory=list)
    logprobs: list[TokenLogprobs] = field(default_factory=list)

    def item(self, *, complete: bool) -> OutputMessage | FunctionCall:
        """As it stands."""
        whole, status = "".join(self.written), "completed" if complete else "incomplete"
        if self.call is None:
            content = [OutputText(text=whole, logprobs=self.logprobs)]
            return OutputMessage.model_validate({"id": self.id, "status": status, "content": content})
        told = {"call_id": self.call.id or "", "name": self.call.name or "", "arguments": whole}
        return FunctionCall.model_validate({"id": self.id, "status": status, **told})


@dataclass(frozen=True, slots=True)
class Change:
    """What was added to one item.

    Attributes:
        index: Its place in the output.
        words: Its next words, or characters of its arguments.
        logprobs: Of the words.
    """

    index: int
    words: str
    logprobs: Sequence[TokenLogprobs] = ()


class Writing:
    """Takes what a model writes.

    Args:
        row: The response that it answers.
        with_logprobs: Whether log-probabilities are told.
    """

    def __init__(self, row: Response, *, with_logprobs: bool) -> None:
        self.row = row
        self.end: TextGenerated | None = None
        self._with_logprobs = with_logprobs
        self._parts: list[Part] = []
        self._calls: dict[int, int] = {}

    @property
    def cuts(self) -> list[int]:
        """Into what lengths the items were cut, one after another."""
        return [len(words) for part in self._parts for words in part.written]

    @property
    def told(self) -> list[str]:
        """The words of the message that the answer begins with, as they came; none if it begins with a call."""
        return self._parts[0].written if self._parts and self._parts[0].call is None else []

    def take(self, messages: Iterable[Message]) -> list[Change]:
        """What was added, as it goes into a stream: words that came together as one."""
        some = list(messages)
        self.end = end_of(some) or self.end
        changes: list[Change] = []
        words: list[str] = []
        tokens: list[ChosenToken] = []
        for piece in pieces_of(some):
            words.append(piece.text)
            tokens += piece.logprobs if self._with_logprobs else ()
            if piece.calls:
                changes += self._said("".join(words), tokens)
                changes += [change for call in piece.calls for change in self._called(call)]
                words, tokens = [], []
        return changes + self._said("".join(words), tokens)

    def _said(self, words: str, tokens: Sequence[ChosenToken]) -> list[Change]:
        logprobs = token_logprobs(tokens)
        if not words and (not logprobs or self._calls):
            return []
        if not self._parts or self._parts[-1].call is not None:
            self._parts.append(Part(self.message_id(len(self._parts))))
        part = self._parts[-1]
        part.written.append(words)
        part.logprobs += logprobs
        return [Change(len(self._parts) - 1, words, logprobs)]

    def _called(self, piece: CallPiece) -> list[Change]:
        if piece.index not in self._calls:
            self._calls[piece.index] = len(self._parts)
            item_id = f"fc_{self.row.id.removeprefix('resp_')}_{piece.index}"
            self._parts.append(Part(item_id, call=piece))
        place = self._calls[piece.index]
        if not piece.arguments:
            return [Change(place, "")]
        self._parts[place].written.append(piece.arguments)
        return [Change(place, piece.arguments)]

    def message_id(self, place: int) -> str:
        """The id of a message at this place of the output."""
        first = answer_id(turn_id_of(self.row.id))
        return first if not place else f"{first}_{place}"

    def written(self) -> str:
        """All that the model wrote: its words, and the arguments of its calls."""
        return "\n".join("".join(part.written) for part in self._parts)

    def output(self) -> list[OutputMessage | FunctionCall]:
        """What was written; an empty message if it was nothing."""
        complete = self.end is not None and self.end.finish_reasons[0] != "length"
        parts = self._parts or [Part(self.message_id(0))]
        return [part.item(complete=complete) for part in parts]

    def outcome(self, end: TextGenerated, now: float) -> dict[str, Any]:
        """What becomes of the response now that it is written."""
        return {
            "status": "incomplete" if end.finish_reasons[0] == "length" else "completed",
            "completed_at": now,
            "output": stored_output(self.output()),
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
