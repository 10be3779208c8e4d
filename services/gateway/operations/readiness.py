"""Whether a customer would be answered now: asked by a real turn through all services, which is not stored, and of the database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fastapi.concurrency import run_in_threadpool

from shared.contracts.chat.turns import PROBE, TurnReceived
from shared.errors import ParleyError
from shared.messaging.requesting.requester import Requester
from shared.storage.database.engine import Database
from shared.telemetry.health import Report

#: Seconds that an answer to the question holds; load balancers ask often.
HOLDS_SECONDS = 1.0
#: Seconds that the turn may take.
PATIENCE_SECONDS = 5.0


class Readiness:
    """Asks at most once a second, however many want to know.

    Args:
        requester: The way to nlu and generation.
        database: Where turns are stored before they are answered.
        clock: Unix seconds.
    """

    def __init__(self, requester: Requester, database: Database, clock: Callable[[], float]) -> None:
        self._requester = requester
        self._database = database
        self._clock = clock
        self._report = Report(ready=False, problems={})
        self._holds_until = 0.0
        self._asking = asyncio.Lock()

    async def report(self) -> Report:
        """Ready, or what is missing in words: no model, no bot, or a service or database that does not answer."""
        async with self._asking:
            if self._clock() >= self._holds_until:
                self._report = await self._ask()
                self._holds_until = self._clock() + HOLDS_SECONDS
            return self._report

    async def _ask(self) -> Report:
        problems: dict[str, str] = {}
        probe = TurnReceived(turn_id=PROBE, conversation_id=PROBE, text="hello", received_at=self._clock())
        try:
            await asyncio.wrap_future(self._requester.submit(probe, timeout=PATIENCE_SECONDS))
        except ParleyError as error:
            problems[error.code] = error.message
        try:
            await run_in_threadpool(self._database.ping)
        except ParleyError as error:
            problems["database"] = error.message
        return Report(ready=not problems, problems=problems)
