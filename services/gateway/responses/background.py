"""Responses that are written in the background: claimed one by one, written, kept; taken over where a process died."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from queue import Queue
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from services.gateway.http.access.keyring import Caller
from services.gateway.http.errors import detail_of
from services.gateway.http.waiting import parts
from services.gateway.responses.answering import Answering, ResponseSampling, add_to_conversation
from services.gateway.responses.objects import asked_of
from services.gateway.responses.schemas import CreateResponse
from services.gateway.responses.writing import Writing, failure
from shared.contracts.chat.responses import ResponseQueued
from shared.errors import NotAllowed, ParleyError, Unavailable, reason_of
from shared.messaging.bus import Publisher
from shared.messaging.envelope import envelope
from shared.storage import keys
from shared.storage.chat import responses
from shared.storage.database.engine import Database
from shared.storage.tables.core import Response, ResponsePiece
from shared.telemetry import logs
from shared.telemetry.correlation import bound

#: Seconds for which a process that says nothing keeps a response.
LEASE_SECONDS = 60.0
#: Seconds after which those are looked for whose wake-up was lost, or whose process has died.
SWEEP_SECONDS = 5.0
#: How often a response is tried.
MAX_ATTEMPTS = 5
#: Seconds between two looks whether it is still wanted, with what was written meanwhile.
FLUSH_SECONDS = 0.25
_STILL_WANTED_SECONDS = 1.0

_log = logs.get(__name__)


class Lost(Exception):
    """The response is somebody else's now, was cancelled, or is no more."""


class ResponseWorkers:
    """Threads that write what is queued; a context manager. On leaving it, what is under way is put back.

    Args:
        answering: Knows how.
        database: Where they are.
        clock: Unix seconds.
        count: Responses written at once.
    """

    def __init__(self, answering: Answering, database: Database, clock: Callable[[], float], count: int) -> None:
        self._answering = answering
        self._database = database
        self._clock = clock
        self._wakeups: Queue[None] = Queue()
        self._stopping = Event()
        self._threads = [Thread(target=self._run, name=f"responses-{n}", daemon=True) for n in range(count)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        for _ in self._threads:
            self._wakeups.put(None)
        for thread in self._threads:
            thread.join()

    def wake(self) -> None:
        """There may be something to do."""
        if self._wakeups.qsize() < len(self._threads):
            self._wakeups.put(None)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wakeups.get()
            while not self._stopping.is_set() and self._take_one():
                pass

    def _take_one(self) -> bool:
        """Write one response; ``False``: there is none."""
        token = uuid4().hex
        try:
            with self._database.transaction() as session:
                row = responses.claim(session, token, self._clock(), LEASE_SECONDS)
        except Exception as error:  # noqa: BLE001  # a thread that died would never write anything again
            _log.warning("cannot look for responses to write; trying again", reason=reason_of(error))
            return False
        if row is None:
            return False
        self.wake()  # where there was one there may be others
        with bound(row.id):
            _Attempt(self._answering, self._database, self._clock, self._stopping, row, token).run()
        return True


class _Attempt:
    """One process at work on one response."""

    def __init__(
        self,
        answering: Answering,
        database: Database,
        clock: Callable[[], float],
        stopping: Event,
        row: Response,
        token: str,
    ) -> None:
        self._answering = answering
        self._database = database
        self._clock = clock
        self._stopping = stopping
        self._row = row
        self._token = token

    def run(self) -> None:
        """Write it, put it back, or say why it cannot be written."""
        try:
            try:
                asyncio.run(self._answer())
            except ParleyError as error:
                self._give_up(error)
            except Lost:
                _log.info("response not wanted any more", response=self._row.id)
        except Exception as error:  # noqa: BLE001  # its lease runs out, and it is tried again
            _log.error("response not written; trying again", response=self._row.id, exc_info=error)

    async def _answer(self) -> None:
        row, body = self._row, asked_of(self._row)
        if row.attempt > MAX_ATTEMPTS:
            raise NotAllowed("The processes that wrote this response died again and again.", code="server_error")
        caller = self._caller()
        writer = await self._answering.writer(body.model)
        if writer is None:
            done, turn = await self._answering.by_bot(caller, body, row, row.id, self._answering.moderated(body))
            self._finish(
                {
                    "status": "completed",
                    "completed_at": turn.created_at,
                    "model": turn.model_id,
                    "turn_id": turn.id,
                    "conversation_id": done.conversation_id,
                }
            )
        else:
            await self._write(caller, body, writer)

    def _caller(self) -> Caller:
        with self._database.reading() as session:
            key = keys.get(session, self._row.key_id)
        if key.revoked_at is not None:
            raise NotAllowed("The key that asked for this response has been revoked.", code="key_revoked")
        return Caller(key.id, key.role, key.requests_per_minute)

    async def _write(self, caller: Caller, body: CreateResponse, model: str) -> None:
        sampling = ResponseSampling.of(body).of_text(body)
        writing = Writing(self._row, with_logprobs=body.wants_logprobs)
        answer = self._answering.ask(self._answering.question(caller, body, model, sampling))
        saved, flushed = 0, time.monotonic()
        try:
            async for some in parts(answer, _STILL_WANTED_SECONDS):
                writing.take(some)
                if writing.end is not None:
                    break
                if time.monotonic() - flushed >= FLUSH_SECONDS:
                    self._flush(saved, writing.told[saved:])
                    saved, flushed = len(writing.told), time.monotonic()
        finally:
            answer.cancel()
        if writing.end is None:
            raise Unavailable("the answer broke off; it is tried again")
        self._finish(writing.outcome(writing.end, self._clock()))

    def _flush(self, number: int, unsaved: list[str]) -> None:
        if self._stopping.is_set():
            raise Unavailable("the process is shutting down; another one goes on")
        row, until = self._row, self._clock() + LEASE_SECONDS
        with self._database.transaction() as session:
            if not responses.renew(session, row.id, self._token, until):
                raise Lost
            if unsaved:
                piece = ResponsePiece(response_id=row.id, attempt=row.attempt, number=number, pieces=unsaved)
                responses.add_pieces(session, piece)

    def _finish(self, values: Mapping[str, Any]) -> None:
        now = self._clock()
        with self._database.transaction() as session:
            if not responses.finish(session, self._row.id, self._token, now, values):
                raise Lost
            add_to_conversation(session, self._row.model_copy(update=dict(values)), now)

    def _give_up(self, error: ParleyError) -> None:
        row, now = self._row, self._clock()
        if error.retryable and row.attempt < MAX_ATTEMPTS:
            _log.warning("response put back; trying again", response=row.id, reason=error.message)
            wait = 0.0 if self._stopping.is_set() else 2.0**row.attempt
            with self._database.transaction() as session:
                responses.put_back(session, row.id, self._token, now + wait)
            return
        detail = detail_of(error)
        ended = failure(error, detail.code or "", detail.message, now)
        with self._database.transaction() as session:
            responses.finish(session, row.id, self._token, now, ended)


class ResponseQueue:
    """Takes responses that are to be written in the background.

    Args:
        database: Where they wait.
        publisher: Tells a worker.
        limit: Responses that may wait.
    """

    def __init__(self, database: Database, publisher: Publisher, limit: int) -> None:
        self._database = database
        self._publisher = publisher
        self._limit = limit

    def submit(self, row: Response) -> Response:
        """Store it, and wake a worker. Blocks.

        Raises:
            AlreadyExists: Its idempotency key was used before.
            TooManyRequests: So many wait already.
        """
        queued = row.model_copy(update={"status": "queued"})
        with self._database.transaction() as session:
            responses.require_room(session, self._limit)
            responses.add(session, queued)
        try:
            self._publisher.publish([envelope(ResponseQueued(response_id=row.id))])
        except ParleyError as error:
            _log.warning("workers not told of a response; they will find it", response=row.id, reason=error.message)
        return queued
