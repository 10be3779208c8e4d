"""A turn that is told while it is answered: what a language model writes, as it comes, and then the stored turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from services.gateway.chat.turns import Listener
from shared.errors import ParleyError
from shared.storage.tables.core import Turn
from shared.telemetry import logs

_log = logs.get(__name__)

Event = str | Turn | ParleyError
"""Some words, nothing for a while (an empty text), the turn once it is stored, or why there is none."""


@dataclass(slots=True)
class LiveTurn:
    """A turn under way. Who stops listening does not stop it: what a customer has begun to read is stored.

    Attributes:
        listener: What answers the turn tells it.
    """

    listener: Listener
    _events: asyncio.Queue[Event] = field(default_factory=asyncio.Queue)
    _task: asyncio.Task[None] | None = None

    @classmethod
    def begin(cls, answer: Callable[[Listener], Awaitable[Turn]]) -> LiveTurn:
        """Let it be answered."""
        live = cls(Listener(lambda _: None))
        live.listener = Listener(live._events.put_nowait)
        task = asyncio.get_running_loop().create_task(live._run(answer))
        live._task = task
        _UNDER_WAY.add(task)
        task.add_done_callback(_UNDER_WAY.discard)
        return live

    async def events(self) -> AsyncIterator[Event]:
        """What happens, to its end."""
        while True:
            event = await self._events.get()
            yield event
            if not isinstance(event, str):
                return

    async def _run(self, answer: Callable[[Listener], Awaitable[Turn]]) -> None:
        try:
            self._events.put_nowait(await answer(self.listener))
        except ParleyError as error:
            self._events.put_nowait(error)
        except Exception as error:  # noqa: BLE001  # whatever it is, the listener is told
            _log.exception("turn failed", kind=type(error).__name__)
            self._events.put_nowait(ParleyError("the turn failed"))


#: The loop itself holds its tasks weakly.
_UNDER_WAY: set[asyncio.Task[None]] = set()
