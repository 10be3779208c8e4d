"""Handlers: functions from messages to messages, in an explicit table by type."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from shared.contracts.message import Message

M = TypeVar("M", bound=Message)

BatchHandler = Callable[[Sequence[M]], Sequence[Message | None]]
"""Handles messages of one type that arrived together: one outcome for each, in their order, ``None`` for no answer.

It may be called again with the same messages, so it changes guarded state first and works second.
"""


class Emitter(Protocol):
    """The way back to one caller, for a handler that answers bit by bit. Every method may be called from any thread."""

    @property
    def cancelled(self) -> bool:
        """Whether nobody wants the answer any more: the caller left, its deadline passed, or the loop ends."""

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """Call this once when that happens, from whatever thread; at once if it has."""

    def send(self, part: Message) -> None:
        """The next part; never waits. What comes after the end, or for nobody, is dropped."""

    def finish(self, outcome: Message) -> None:
        """The last part; the request is then settled."""

    def fail(self, error: Exception) -> None:
        """The caller is told why there is no more; the request is then settled."""


StreamHandler = Callable[[M, Emitter], None]
"""Takes one message and returns at once; its emitter is used later, and has to be finished or failed some day.

One that raises has failed. It may see a message again that another process had and did not settle.
"""

StreamHandlers = Mapping[type[Message], StreamHandler[Any]]
"""Which handler each message type has, where answers have many parts."""

Handlers = Mapping[type[Message], BatchHandler[Any]]
"""Which handler each message type has; the table stands at the end of a service's ``handlers.py``."""


def one_by_one(handle: Callable[[M], Message | None]) -> BatchHandler[M]:
    """Make a batch handler of one for single messages."""

    def handle_each(messages: Sequence[M]) -> list[Message | None]:
        return [handle(message) for message in messages]

    return handle_each
