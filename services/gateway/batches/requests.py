"""Makes the requests of a batch, one window after another, and lets live traffic go first."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from http import HTTPStatus

from starlette.types import ASGIApp

from services.gateway.batches.input_file import BatchRequest
from services.gateway.batches.results import RowResult, result_of
from services.gateway.http.inner import InnerAnswer, ask
from services.gateway.http.keyring import Caller
from services.gateway.http.live_traffic import TrafficGauge
from shared.retrying import Backoff
from shared.storage.batch_tables import Batch

#: Requests whose results are stored together, and seconds after which no other is begun before that.
WINDOW_ROWS, WINDOW_SECONDS = 128, 5.0
#: What is away for the moment: waited for while the batch lasts.
_AWAY = frozenset((HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.CONFLICT))
#: What may succeed the next time; a request that fails so often is an error.
_TRIES = 3
_PAUSES = Backoff(first=0.5, longest=30.0)


class WindowOfRequests:
    """Makes requests in the name of a caller.

    Args:
        app: The whole application.
        traffic: Who else waits.
        at_once: Requests under way at once.
    """

    def __init__(self, app: ASGIApp, traffic: TrafficGauge, at_once: int) -> None:
        self._app = app
        self._traffic = traffic
        self._at_once = at_once

    async def run(
        self, batch: Batch, caller: Caller, requests: Iterator[BatchRequest]
    ) -> list[tuple[BatchRequest, RowResult]]:
        """Make the next ones, as many as a window has; results in their order."""
        places = asyncio.Semaphore(self._at_once)
        until = time.monotonic() + WINDOW_SECONDS
        begun: list[tuple[BatchRequest, asyncio.Task[RowResult]]] = []
        async with asyncio.TaskGroup() as group:
            while len(begun) < WINDOW_ROWS and time.monotonic() < until:
                await places.acquire()
                request = next(requests, None)
                if request is None:
                    break
                task = group.create_task(self._make(batch, caller, request))
                task.add_done_callback(lambda _task: places.release())
                begun.append((request, task))
        return [(request, task.result()) for request, task in begun]

    async def _make(self, batch: Batch, caller: Caller, request: BatchRequest) -> RowResult:
        failures = 0
        while True:
            async with self._traffic.step():
                answer = await self._asked(batch, caller, request)
            is_away = answer.status in _AWAY
            if not is_away and (answer.status < HTTPStatus.INTERNAL_SERVER_ERROR or failures + 1 >= _TRIES):
                return result_of(batch, request, answer)
            if time.time() >= batch.expires_at:
                return result_of(batch, request, answer)
            await asyncio.sleep(_PAUSES.pause(failures))
            failures += 1

    async def _asked(self, batch: Batch, caller: Caller, request: BatchRequest) -> InnerAnswer:
        key = f"{batch.id}/{request.row}"
        return await ask(self._app, batch.endpoint, request.body, caller, idempotency_key=key)
