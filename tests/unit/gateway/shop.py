"""A bot that suggests, cites and lets a language model write, so that a customer's end has all there is to show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Event, Thread
from typing import Any

from shared.contracts.chat.generation import TextPiece, TokensProduced
from shared.contracts.chat.turns import Source, TurnAnswered, TurnReceived, TurnUnanswered, TurnUnderstood
from shared.contracts.message import Message
from shared.messaging.bus import Bus
from shared.messaging.consuming.consumer import Consumer
from shared.messaging.consuming.handlers import Emitter, Handlers, one_by_one
from shared.messaging.consuming.stream_consumer import StreamConsumer
from shared.messaging.topology import Queues
from tests.unit.gateway import echo

SOURCE = Source(
    number=1, file_id="f", filename="returns.pdf", chunk=0, start=0, end=9, quote="30 days <b>each</b>", score=0.9
)


class Shop:
    """Answers as ``echo`` does; "menu" suggests and cites, "write …" is written word by word once ``go_on`` is set."""

    def __init__(self) -> None:
        self.go_on = Event()

    def understand(self, turn: TurnReceived) -> Message:
        """Of nlu."""
        understood = TurnUnderstood(turn=turn, understanding=echo.understand(turn.text))
        return TurnUnanswered(understood=understood) if turn.text.startswith("write ") else understood

    def answer(self, understood: TurnUnderstood) -> TurnAnswered:
        """Of generation."""
        answered = echo.answer(understood)
        if read := "\n".join(one.text for one in understood.turn.attachments):
            text = f"{answered.answer.text} In the picture: {read}"
            return answered.model_copy(update={"answer": answered.answer.model_copy(update={"text": text})})
        if understood.turn.text != "menu":
            return answered
        shown = {"suggestions": ("where is my order?", "person"), "sources": (SOURCE,)}
        return answered.model_copy(update={"answer": answered.answer.model_copy(update=shown)})

    def write(self, request: TurnUnanswered, emitter: Emitter) -> None:
        """Of a language model."""
        Thread(target=self._write, args=(request, emitter), daemon=True).start()

    def _write(self, request: TurnUnanswered, emitter: Emitter) -> None:
        answered = echo.answer(request.understood)
        first, _, rest = answered.answer.text.partition(" ")
        emitter.send(TokensProduced(pieces=(TextPiece(text=first),)))
        self.go_on.wait(10)
        emitter.send(TokensProduced(pieces=(TextPiece(text=f" {rest}"),)))
        emitter.finish(answered.model_copy(update={"answer": answered.answer.model_copy(update={"kind": "generated"})}))


@contextmanager
def open_shop(bus: Bus) -> Iterator[Shop]:
    """It on a bus."""
    shop = Shop()
    nlu: Handlers = {TurnReceived: one_by_one(shop.understand)}
    generation: Handlers = {TurnUnderstood: one_by_one(shop.answer)}
    with ExitStack() as stack:
        publisher = stack.enter_context(bus.publisher())
        stack.enter_context(Consumer(bus, Queues.NLU, nlu, publisher=publisher))
        stack.enter_context(Consumer(bus, Queues.GENERATION, generation, publisher=publisher))
        writing: dict[type[Message], Callable[[Any, Emitter], None]] = {TurnUnanswered: shop.write}
        stack.enter_context(StreamConsumer(bus, Queues.UNANSWERED_TURNS, writing, publisher=publisher))
        yield shop
