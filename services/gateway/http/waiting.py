"""Waiting for an answer that comes in parts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from shared.contracts.message import Message
from shared.messaging.requesting.reply_stream import ReplyStream


async def parts(stream: ReplyStream, patience: float) -> AsyncIterator[list[Message]]:
    """What comes, as it comes; nothing at all after ``patience`` seconds without anything.

    Raises:
        ParleyError: Why there is no more.
    """
    loop, ready = asyncio.get_running_loop(), asyncio.Event()

    def wake() -> None:
        if not ready.is_set():
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody reads any more
                loop.call_soon_threadsafe(ready.set)

    stream.listen(wake)
    while not stream.over:
        ready.clear()
        if not stream.ready:
            try:
                await asyncio.wait_for(ready.wait(), patience)
            except TimeoutError:
                yield []
                continue
        yield stream.take()
