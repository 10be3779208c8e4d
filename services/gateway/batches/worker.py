"""Works at batches, one after another and each for a while, in a task on the server's loop.

A batch is worked at under a lease. If the process dies, another one (or the same, started again) goes on after the last part
that was stored; a request that was made since then is made again with the same idempotency key, so that a chat turn is not taken
twice.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool

from services.gateway.batches.input_file import BatchRequest, judge, requests_of
from services.gateway.batches.requests import WindowOfRequests
from services.gateway.batches.results import BatchResults, RowResult, result_file
from services.gateway.http.keyring import Caller
from services.gateway.state import AppState
from shared.artifacts.layout import file_key
from shared.errors import NotFound, reason_of
from shared.storage import batches, files
from shared.storage.batch_tables import Batch, BatchStatus
from shared.storage.identity import new_id
from shared.telemetry import logs

log = logs.get(__name__)

#: Seconds between two looks for a batch.
LOOK_SECONDS = 1.0
#: Seconds after which a batch is given back, so that the others come to their turn.
SLICE_SECONDS = 30.0
#: The lease is renewed so many times within its length.
_RENEWALS = 6

Result = TypeVar("Result")


class _LeaseLost(Exception):
    """Another process has the batch."""


@asynccontextmanager
async def working(gateway: AppState, app: FastAPI) -> AsyncIterator[None]:
    """Work at batches while the context is open, if this process is to."""
    if not gateway.settings.batch_rows_at_once:
        yield
        return
    task = asyncio.create_task(BatchWorker(gateway, app).run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class BatchWorker:
    """One process's share of the work."""

    def __init__(self, gateway: AppState, app: FastAPI) -> None:
        self._gateway = gateway
        self._database = gateway.database
        self._lease_seconds = gateway.settings.batch_lease_seconds
        self._results = BatchResults(gateway.store)
        self._window = WindowOfRequests(app, gateway.traffic, gateway.settings.batch_rows_at_once)
        self._trouble = ""

    async def run(self) -> None:
        """Take one batch after another, for ever."""
        while True:
            try:
                found = await self._turn()
                self._trouble = ""
            except Exception as error:  # noqa: BLE001  # a task that died would leave batches undone for ever
                reason, found = reason_of(error), False
                if reason != self._trouble:
                    log.warning("batches are not worked at for the moment; tried again", reason=reason)
                self._trouble = reason
            if not found:
                await asyncio.sleep(LOOK_SECONDS)

    async def _turn(self) -> bool:
        token = secrets.token_hex(16)
        batch = await run_in_threadpool(self._claim, token)
        if batch is None:
            return False
        work = asyncio.ensure_future(_BatchTurn(self._gateway, self._results, self._window, batch, token).run())
        try:
            await self._renewing(batch, token, work)
        except _LeaseLost:
            log.warning("a batch is no longer ours", batch=batch.id)
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            self._give_back(batch, token)
        return True

    def _claim(self, token: str) -> Batch | None:
        now = time.time()
        with self._database.reading() as session:
            if not batches.is_waiting(session, now):
                return None
        with self._database.transaction() as session:
            return batches.claim(session, token=token, now=now, lease_seconds=self._lease_seconds)

    async def _renewing(self, batch: Batch, token: str, work: asyncio.Future[None]) -> None:
        while True:
            done, _ = await asyncio.wait([work], timeout=self._lease_seconds / _RENEWALS)
            if done:
                return work.result()
            status = await run_in_threadpool(self._renew, batch.id, token)
            if status is None and not work.done():
                raise _LeaseLost
            if status == "cancelling" and batch.status != "cancelling":
                return None  # its requests under way are given up; the next turn writes what there is

    def _renew(self, batch_id: str, token: str) -> BatchStatus | None:
        with self._database.transaction() as session:
            return batches.renew(session, batch_id, token, time.time(), self._lease_seconds)

    def _give_back(self, batch: Batch, token: str) -> None:
        with self._database.transaction() as session:
            batches.release(session, batch.id, token, time.time())


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
                raise _LeaseLost
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
            raise _LeaseLost
        self._batch = changed


def _fault(code: str, message: str) -> dict[str, Any]:
    return {"code": code, "message": message, "line": None, "param": None}
