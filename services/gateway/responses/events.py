"""A response as the events of a stream, in the order that the official client's helper insists on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic_core import to_json

from services.gateway.chat.generated import TokenLogprobs
from services.gateway.http.bodies.sse import pieces
from services.gateway.responses.schemas import FunctionCall, OutputMessage, ResponseObject
from shared.storage.tables.core import Response

#: How the last event of a stream is called.
_ENDS = {"completed": "completed", "incomplete": "incomplete", "failed": "failed", "cancelled": "failed"}


class Events:
    """Frames with rising numbers; those up to ``after`` are counted and left out.

    Args:
        after: The number of the last event that the reader has.
    """

    def __init__(self, after: int = -1) -> None:
        self._after = after
        self._number = 0

    def opening(self, response: ResponseObject) -> Iterator[bytes]:
        """The response is there, and nothing of it is said."""
        start = "queued" if response.background else "in_progress"
        empty = response.model_copy(update={**_EMPTY, "status": start}).model_dump(mode="json")
        yield from self._event("response.created", response=empty)
        if response.background:
            yield from self._event("response.queued", response=empty)
        yield from self._event("response.in_progress", response={**empty, "status": "in_progress"})

    def message(self, item_id: str, index: int = 0) -> MessageEvents:
        """The events of a message that is about to be said."""
        return MessageEvents(self, item_id, index)

    def of(self, item: OutputMessage | FunctionCall, index: int) -> MessageEvents | CallEvents:
        """The events of an item of which something is known."""
        return CallEvents(self, item, index) if isinstance(item, FunctionCall) else self.message(item.id, index)

    def ending(self, response: ResponseObject) -> Iterator[bytes]:
        """How it ended."""
        yield from self._event(f"response.{_ENDS[response.status]}", response=response.model_dump(mode="json"))

    def broken(self, code: str, message: str) -> Iterator[bytes]:
        """There is no more of it in this stream."""
        yield from self._event("error", code=code, message=message, param=None)

    def whole(self, response: ResponseObject, cuts: Sequence[int]) -> Iterator[bytes]:
        """A response that is finished, as it was streamed: its words in the same pieces."""
        yield from self.opening(response)
        for index, (item, cuts_of_it) in enumerate(zip(response.output, shares(response.output, cuts), strict=True)):
            told = self.of(item, index)
            yield from told.begin()
            for piece in cut(text_of(item), cuts_of_it):
                yield from told.delta(piece, ())
            yield from told.end(item)
        yield from self.ending(response)

    def _event(self, kind: str, **fields: Any) -> Iterator[bytes]:
        number = self._number
        self._number += 1
        if number > self._after:
            data = to_json({"type": kind, "sequence_number": number, **fields})
            yield b"event: %s\ndata: %s\n\n" % (kind.encode(), data)


class MessageEvents:
    """The events of one message.

    Args:
        events: Where they belong.
        item_id: Of the message.
        index: Its place in the output.
    """

    def __init__(self, events: Events, item_id: str, index: int) -> None:
        self._events = events
        self._where = {"item_id": item_id, "output_index": index, "content_index": 0}
        self._empty = {"id": item_id, "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        self._index = index

    def begin(self) -> Iterator[bytes]:
        """An empty message with an empty text."""
        part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
        yield from self._events._event("response.output_item.added", output_index=self._index, item=self._empty)
        yield from self._events._event("response.content_part.added", **self._where, part=part)

    def delta(self, words: str, logprobs: Sequence[TokenLogprobs]) -> Iterator[bytes]:
        """A piece of the text."""
        told = [token.model_dump(mode="json") for token in logprobs]
        yield from self._events._event("response.output_text.delta", **self._where, delta=words, logprobs=told)

    def end(self, item: OutputMessage | FunctionCall) -> Iterator[bytes]:
        """The message as it is."""
        whole = item.model_dump(mode="json")
        part = whole["content"][0]
        told = {"text": part["text"], "logprobs": part["logprobs"]}
        yield from self._events._event("response.output_text.done", **self._where, **told)
        yield from self._events._event("response.content_part.done", **self._where, part=part)
        yield from self._events._event("response.output_item.done", output_index=self._index, item=whole)


class CallEvents:
    """The events of the call of a function.

    Args:
        events: Where they belong.
        call: As far as it is known.
        index: Its place in the output.
    """

    def __init__(self, events: Events, call: FunctionCall, index: int) -> None:
        self._events = events
        self._call = call
        self._index = index
        self._where = {"item_id": call.id, "output_index": index}

    def begin(self) -> Iterator[bytes]:
        """Which function it is."""
        item = {**self._call.model_dump(mode="json"), "arguments": "", "status": "in_progress"}
        yield from self._events._event("response.output_item.added", output_index=self._index, item=item)

    def delta(self, arguments: str, _: Sequence[TokenLogprobs] = ()) -> Iterator[bytes]:
        """A piece of its arguments."""
        if arguments:
            yield from self._events._event("response.function_call_arguments.delta", **self._where, delta=arguments)

    def end(self, item: OutputMessage | FunctionCall) -> Iterator[bytes]:
        """The call as it is."""
        whole = item.model_dump(mode="json")
        told = {"name": whole["name"], "arguments": whole["arguments"]}
        yield from self._events._event("response.function_call_arguments.done", **self._where, **told)
        yield from self._events._event("response.output_item.done", output_index=self._index, item=whole)


_EMPTY: dict[str, Any] = {
    "output": [],
    "usage": None,
    "error": None,
    "incomplete_details": None,
    "completed_at": None,
    "parley": None,
}


def cut(text: str, cuts: Sequence[int]) -> list[str]:
    """A text in the pieces that it was streamed in; that of a bot, word by word."""
    if not cuts:
        return pieces(text)
    parts, start = [], 0
    for length in cuts:
        parts.append(text[start : start + length])
        start += length
    return parts


def text_of(item: OutputMessage | FunctionCall) -> str:
    """What of an item was streamed: the words of a message, the arguments of a call."""
    return item.arguments if isinstance(item, FunctionCall) else item.content[0].text


def shares(output: Sequence[OutputMessage | FunctionCall], cuts: Sequence[int]) -> list[list[int]]:
    """Of the cuts of a whole output those of each item. A cut of nothing, which log-probabilities can be of, belongs to the item before it."""
    found: list[list[int]] = []
    place = 0
    for item in output:
        left, start = len(text_of(item)), place
        while place < len(cuts) and cuts[place] <= left and (left or not cuts[place]):
            left -= cuts[place]
            place += 1
        found.append(list(cuts[start:place]))
    return found


def replay(row: Response, response: ResponseObject, after: int) -> Iterator[bytes]:
    """The stream of a finished response, from the event after ``after``."""
    return Events(after).whole(response, row.cuts)
