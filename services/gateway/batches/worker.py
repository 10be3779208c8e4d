"""Works at batches under a lease (see ``background``).

A request that was made since the last part was stored is made again with the same idempotency key, so that a chat turn is not taken twice.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool

from services.gateway.background.leased_work import SLICE_SECONDS, LeasedWork, LeaseLost
from services.gateway.batches.input_file import BatchRequest, judge, requests_of
from services.gateway.batches.requests import WindowOfRequests
from services.gateway.batches.results import BatchResults, RowResult, result_file
from services.gateway.http.access.keyring import Caller
from services.gateway.state import AppState
from shared.artifacts.layout import file_key
from shared.errors import NotFound
from shared.storage import batches
from shared.storage.database.identity import new_id
from shared.storage.tables.batches import Batch, BatchStatus
from shared.storage.training import files
from shared.telemetry import logs

log = logs.get(__name__)


def batch_work(gateway: AppState, app: FastAPI) -> LeasedWork[Batch]:
    """One process's share of the batches."""
    results = BatchResults(gateway.store)
    window = WindowOfRequests(app, gateway.traffic, gateway.settings.batch_rows_at_once)

    async def turn(batch: Batch, token: str) -> None:
        await _BatchTurn(gateway, results, window, batch, token).run()

    return LeasedWork("batches", gateway.database, batches.LEASES, turn, gateway.settings.batch_lease_seconds)


class _BatchTurn:
    """A while with one batch."""

    def __init__(
        self, gateway: AppState, results: BatchResults, window: WindowOfRequests, batch: Batch, token: str
    ) -> None:
        self._gateway = gateway
        self._results = results
        self._window = window
        self._batch = batch
        self._token = token
        self._body_bytes = gateway.settings.json_limit_bytes

    async def run(self) -> None:
        """Take it as far as there is time for."""
        until = time.monotonic() + SLICE_SECONDS
        try:
            if self._batch.status == "validating":
                await run_in_threadpool(self._validate)
            if self._batch.status == "in_progress":
                await self._make_requests(until)
            if self._batch.status in ("finalizing", "cancelling"):
                await run_in_threadpool(self._finish)
        except NotFound as error:  # the file was deleted
            await run_in_threadpool(self._fail, [_fault("input_file_gone", error.message)])

    def _validate(self) -> None:
        with self._gateway.store.open(file_key(self._batch.input_file_id)) as stream:
            found = judge(stream, self._batch.endpoint, self._body_bytes)
        if found.faults:
            self._fail(found.faults)
        else:
            self._change(status="in_progress", in_progress_at=time.time(), total=found.total)

    async def _make_requests(self, until: float) -> None:
        caller = await run_in_threadpool(self._gateway.keys.by_id, self._batch.key_id)
        if caller is None:
            await run_in_threadpool(self._fail, [_fault("key_revoked", "the key that submitted the batch is revoked")])
            return
        stream = await run_in_threadpool(self._gateway.store.open, file_key(self._batch.input_file_id))
        with stream:
            requests = requests_of(stream, self._batch.next_row, self._batch.next_byte, self._body_bytes)
            while self._batch.status == "in_progress" and time.monotonic() < until:
                await self._make_window(caller, requests)

    async def _make_window(self, caller: Caller, requests: Iterator[BatchRequest]) -> None:
        batch = self._batch
        if time.time() < batch.expires_at and batch.next_row < batch.total:
            await run_in_threadpool(self._keep, await self._window.run(batch, caller, requests))
        else:
            await run_in_threadpool(self._change, status="finalizing", finalizing_at=time.time())

    def _keep(self, made: list[tuple[BatchRequest, RowResult]]) -> None:
        """The part first, then the row that counts it: a process that dies in between has done it in vain, and no more."""
        batch, results = self._batch, [result for _, result in made]
        self._results.keep(batch, results)
        good = sum(result.is_good for result in results)
        self._change(
            parts=batch.parts + 1,
            next_row=batch.next_row + len(made),
            next_byte=made[-1][0].end,
            completed=batch.completed + good,
            failed=batch.failed + len(made) - good,
            input_tokens=batch.input_tokens + sum(result.input_tokens for result in results),
            output_tokens=batch.output_tokens + sum(result.output_tokens for result in results),
        )

    def _finish(self) -> None:
        """Write both files, under ids that were noted before: who dies meanwhile leaves nothing behind."""
        if self._batch.output_file_id is None:
            self._change(output_file_id=new_id("file-"), error_file_id=new_id("file-"))
        batch, now = self._batch, time.time()
        is_expired = batch.status == "finalizing" and batch.next_row < batch.total
        unasked = self._results.unasked(batch, self._body_bytes) if is_expired else ()
        status: BatchStatus = "cancelled" if batch.status == "cancelling" else "expired" if is_expired else "completed"
        written = {
            name: (file_id, good, self._results.file(batch, file_id, good=good, unasked=() if good else unasked))
            for name, file_id, good in (
                ("output_file_id", str(batch.output_file_id), True),
                ("error_file_id", str(batch.error_file_id), False),
            )
        }
        ids = {name: file_id if stored else None for name, (file_id, _, stored) in written.items()}
        with self._gateway.database.transaction() as session:
            if not batches.finish(session, batch.id, self._token, status, now, **ids):
                raise LeaseLost
            for file_id, good, stored in written.values():
                if stored is not None:
                    files.add(session, result_file(batch, file_id, stored, good=good, now=now))
        self._results.forget(batch)
        log.info("batch over", batch=batch.id, status=status, completed=batch.completed, failed=batch.failed)

    def _fail(self, faults: list[dict[str, Any]]) -> None:
        ids = {"output_file_id": None, "error_file_id": None}
        with self._gateway.database.transaction() as session:
            batches.finish(session, self._batch.id, self._token, "failed", time.time(), errors=faults, **ids)
        self._results.forget(self._batch)
        self._batch.status = "failed"

    def _change(self, **values: Any) -> None:
        with self._gateway.database.transaction() as session:
            changed = batches.change(session, self._batch, self._token, **values)
        if changed is None:
            raise LeaseLost
        self._batch = changed


def _fault(code: str, message: str) -> dict[str, Any]:
    return {"code": code, "message": message, "line": None, "param": None}
