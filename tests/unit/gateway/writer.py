"""A generation that writes what it is told to, so that a test sees what travelled and when."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from shared.contracts.chat.generation import (
    CallPiece,
    ChosenToken,
    GenerateText,
    GenerationCancelled,
    TextGenerated,
    TextPiece,
    TokenLogprob,
    TokensProduced,
)
from shared.errors import InvalidInput, Unavailable
from shared.messaging.bus import Bus
from shared.messaging.consuming.consumer import Consumer
from shared.messaging.consuming.handlers import Emitter, one_by_one
from shared.messaging.consuming.stream_consumer import StreamConsumer
from shared.messaging.topology import Queues


class Writer:
    """Repeats the last message word by word, each choice; where "call" stands in it, every function offered is called with `{"a":1}`.

    Attributes:
        asked: The requests that came.
        cancelled: Set when a request was cancelled.
        go_on: A message "slow" waits for it after its first word.
    """

    def __init__(self) -> None:
        self.asked: list[GenerateText] = []
        self.cancelled = Event()
        self.go_on = Event()

    def write(self, request: GenerateText, emitter: Emitter) -> None:
        """A stream handler."""
        self.asked.append(request)
        emitter.on_cancel(self.cancelled.set)
        Thread(target=self._work, args=(request, emitter), daemon=True).start()

    def _work(self, request: GenerateText, emitter: Emitter) -> None:
        words = request.messages[-1].content.split(" ")
        words = [] if words == ["call"] and request.tools is not None else words
        if words[:1] == ["refuse"]:
            emitter.fail(InvalidInput("the conversation is too long", param="messages"))
            return
        for number, word in enumerate(words):
            for choice in range(request.choices):
                emitter.send(TokensProduced(pieces=(_piece(request, word if not number else f" {word}", choice),)))
            if words[0] == "slow" and not number:
                self.go_on.wait(10)
            if words[0] == "break" and number == 1:
                emitter.fail(Unavailable("the model broke down"))
                return
            while words[0] == "endless" and not emitter.cancelled:
                emitter.send(TokensProduced(pieces=(_piece(request, "x", 0),)))
                time.sleep(0.01)
        called = "call" in request.messages[-1].content.split(" ") and request.tools is not None
        if request.tools is not None and called:
            for index, function in enumerate(request.tools.functions):
                _call(emitter, index, function.name)
        emitter.finish(
            TextGenerated(
                model=request.model,
                finish_reasons=("tool_calls" if called else "stop",) * request.choices,
                prompt_tokens=7,
                completion_tokens=len(words) * request.choices,
                cached_tokens=3,
            )
        )


def _call(emitter: Emitter, index: int, name: str) -> None:
    first = CallPiece(index=index, id=f"call_{index}", name=name)
    for piece in (first, CallPiece(index=index, arguments='{"a"'), CallPiece(index=index, arguments=":1}")):
        emitter.send(TokensProduced(pieces=(TextPiece(text="", calls=(piece,)),)))


def _piece(request: GenerateText, text: str, choice: int) -> TextPiece:
    if request.sampling.top_logprobs is None:
        return TextPiece(text=text, choice=choice)
    code = tuple(text.encode())
    top = (TokenLogprob(token="other", logprob=-1.5),)[: request.sampling.top_logprobs]
    return TextPiece(text=text, choice=choice, logprobs=(ChosenToken(token=text, logprob=-0.5, bytes=code, top=top),))


@contextmanager
def writing(bus: Bus) -> Iterator[Writer]:
    """It on a bus."""
    writer = Writer()
    with bus.publisher() as publisher:
        streams = StreamConsumer(bus, Queues.LANGUAGE_MODELS, {GenerateText: writer.write}, publisher=publisher)

        def on_cancelled(message: GenerationCancelled) -> None:
            streams.cancel(message.request_id)

        cancelling = one_by_one(on_cancelled)
        news = Consumer(bus, Queues.cancellations("writer"), {GenerationCancelled: cancelling}, publisher=publisher)
        with news, streams:
            yield writer
