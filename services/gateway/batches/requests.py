"""Makes the requests of a batch, one window after another, and lets live traffic go first."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from starlette.types import ASGIApp

from services.gateway.background.requests import PatientRequests
from services.gateway.batches.input_file import BatchRequest
from services.gateway.batches.results import RowResult, result_of
from services.gateway.http.access.keyring import Caller
from services.gateway.http.live_traffic import TrafficGauge
from shared.storage.tables.batches import Batch

#: Requests whose results are stored together, and seconds after which no other is begun before that.
WINDOW_ROWS, WINDOW_SECONDS = 128, 5.0


class WindowOfRequests:
    """Makes requests in the name of a caller.

    Args:
        app: The whole application.
        traffic: Who else waits.
        at_once: Requests under way at once.
    """

    def __init__(self, app: ASGIApp, traffic: TrafficGauge, at_once: int) -> None:
        self._requests = PatientRequests(app, traffic)
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
        key = f"{batch.id}/{request.row}"
        answer = await self._requests.ask(batch.endpoint, request.body, caller, key, batch.expires_at)
        return result_of(batch, request, answer)
