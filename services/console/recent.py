"""What was asked a moment ago: many viewers of one live page cost the platform one question a second."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

#: Answers kept; the oldest goes first.
_LIMIT = 512


class RecentAnswers:
    """Answers by question, for a short while; questions under way are shared.

    Args:
        seconds: How old an answer may be.
        clock: Seconds that only ever grow.
    """

    def __init__(self, seconds: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._asked: OrderedDict[tuple[str, ...], tuple[float, asyncio.Task[Any]]] = OrderedDict()

    async def get(self, question: tuple[str, ...], ask: Callable[[], Awaitable[Any]]) -> Any:
        """The answer, asked for unless one is recent; an error counts as an answer.

        Args:
            question: Whose it is and what is asked, e.g. the key and the address.
            ask: Asks.
        """
        known = self._asked.get(question)
        if known is None or (known[1].done() and self._clock() - known[0] > self._seconds):
            known = (self._clock(), asyncio.ensure_future(_as_coroutine(ask)))
            self._asked[question] = known
            self._asked.move_to_end(question)
            while len(self._asked) > _LIMIT:
                self._asked.popitem(last=False)
        # Who leaves must not take the question from those who still wait for it.
        return await asyncio.shield(known[1])

    def forget(self, owner: str) -> None:
        """Whoever has changed something sees it at once."""
        for question in [question for question in self._asked if question[0] == owner]:
            del self._asked[question]


async def _as_coroutine(ask: Callable[[], Awaitable[Any]]) -> Any:
    return await ask()
