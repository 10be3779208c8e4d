"""Whether somebody waits for this process, so that what can wait lets him go first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.http.access.inner import inner_caller

#: Seconds without a request after which nobody is expected at once.
QUIET_SECONDS = 0.1
#: Seconds that work in the background waits for quiet; then it takes one step, so that it comes to an end some day.
PATIENCE_SECONDS = 0.5
_LOOK_SECONDS = 0.005


class TrafficGauge:
    """Counts requests that come from outside; to be used on the server's loop.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._waiting = 0
        self._last = float("-inf")
        self._alone = asyncio.Lock()

    def came(self) -> None:
        """A request has come."""
        self._waiting += 1
        self._last = self._clock()

    def went(self) -> None:
        """It is answered."""
        self._waiting -= 1
        self._last = self._clock()

    def is_quiet(self) -> bool:
        """Whether nobody waits, and nobody has for a moment."""
        return not self._waiting and self._clock() - self._last >= QUIET_SECONDS

    @asynccontextmanager
    async def step(self) -> AsyncIterator[None]:
        """A step of work that can wait: at once while it is quiet, else one at a time and seldom."""
        if self.is_quiet():
            yield
            return
        async with self._alone:
            until = self._clock() + PATIENCE_SECONDS
            while not self.is_quiet() and self._clock() < until:
                await asyncio.sleep(_LOOK_SECONDS)
            if not self.is_quiet():
                yield
                return
        yield


class LiveTraffic:
    """ASGI middleware that counts what is asked of the models: bodies that are posted."""

    def __init__(self, app: ASGIApp, traffic: TrafficGauge) -> None:
        self._app = app
        self._traffic = traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or scope["method"] != "POST" or inner_caller(scope) is not None:
            await self._app(scope, receive, send)
            return
        self._traffic.came()
        try:
            await self._app(scope, receive, send)
        finally:
            self._traffic.went()
