"""Handlers: functions from messages to messages, in an explicit table by type."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from shared.contracts.message import Message

M = TypeVar("M", bound=Message)

BatchHandler = Callable[[Sequence[M]], Sequence[Message | None]]
"""Handles messages of one type that arrived together: one outcome for each, in their order, ``None`` for no answer.

It may be called again with the same messages, so it changes guarded state first and works second.
"""

Handlers = Mapping[type[Message], BatchHandler[Any]]
"""Which handler each message type has; the table stands at the end of a service's ``handlers.py``."""


def one_by_one(handle: Callable[[M], Message | None]) -> BatchHandler[M]:
    """Make a batch handler of one for single messages."""

    def handle_each(messages: Sequence[M]) -> list[Message | None]:
        return [handle(message) for message in messages]

    return handle_each
