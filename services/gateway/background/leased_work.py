"""Works at rows one after another and each for a while, in a task on the server's loop.

A row is worked at under a lease. If the process dies, another one (or the same, started again) goes on after the last part that was
stored.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine
from typing import Any, Generic

from fastapi.concurrency import run_in_threadpool

from shared.errors import reason_of
from shared.storage.database.engine import Database
from shared.storage.database.leases import LeasedT, Leases
from shared.telemetry import logs

log = logs.get(__name__)

#: Seconds between two looks for a row.
LOOK_SECONDS = 1.0
#: Seconds after which a row is given back, so that the others come to their turn.
SLICE_SECONDS = 30.0
#: The lease is renewed so many times within its length.
_RENEWALS = 6


class LeaseLost(Exception):
    """Another process has the row."""


class LeasedWork(Generic[LeasedT]):
    """One process's share of the work.

    Args:
        name: What is worked at, for the log.
        database: Where the rows are.
        leases: Of their table.
        turn: A while with one row, under a token.
        lease_seconds: For which a process that says nothing keeps a row.
    """

    def __init__(
        self,
        name: str,
        database: Database,
        leases: Leases[LeasedT],
        turn: Callable[[LeasedT, str], Coroutine[Any, Any, None]],
        lease_seconds: float,
    ) -> None:
        self._name = name
        self._database = database
        self._leases = leases
        self._work = turn
        self._lease_seconds = lease_seconds
        self._trouble = ""

    async def run(self) -> None:
        """Take one row after another, for ever."""
        while True:
            try:
                found = await self._turn()
                self._trouble = ""
            except Exception as error:  # noqa: BLE001  # a task that died would leave rows undone for ever
                reason, found = reason_of(error), False
                if reason != self._trouble:
                    log.warning(f"{self._name} are not worked at for the moment; tried again", reason=reason)
                self._trouble = reason
            if not found:
                await asyncio.sleep(LOOK_SECONDS)

    async def _turn(self) -> bool:
        token = secrets.token_hex(16)
        row: Any = await run_in_threadpool(self._claim, token)
        if row is None:
            return False
        work = asyncio.ensure_future(self._work(row, token))
        try:
            await self._renewing(row.id, row.status, token, work)
        except LeaseLost:
            log.warning("no longer ours", row=row.id)
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            await run_in_threadpool(self._give_back, row.id, token)
        return True

    def _claim(self, token: str) -> LeasedT | None:
        now = time.time()
        with self._database.reading() as session:
            if not self._leases.is_waiting(session, now):
                return None
        with self._database.transaction() as session:
            return self._leases.claim(session, token=token, now=now, lease_seconds=self._lease_seconds)

    async def _renewing(self, row_id: str, status: str, token: str, work: asyncio.Future[None]) -> None:
        while True:
            done, _ = await asyncio.wait([work], timeout=self._lease_seconds / _RENEWALS)
            if done:
                return work.result()
            now = await run_in_threadpool(self._renew, row_id, token)
            if now is None and not work.done():
                raise LeaseLost
            if now == "cancelling" and status != "cancelling":
                return None  # its requests under way are given up; the next turn writes what there is

    def _renew(self, row_id: str, token: str) -> str | None:
        with self._database.transaction() as session:
            return self._leases.renew(session, row_id, token, time.time(), self._lease_seconds)

    def _give_back(self, row_id: str, token: str) -> None:
        with self._database.transaction() as session:
            self._leases.release(session, row_id, token, time.time())
