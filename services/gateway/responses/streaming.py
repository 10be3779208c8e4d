"""Streams of responses: of the bot, of a language model as it writes, and of what is written in the background."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from fastapi.concurrency import run_in_threadpool

from services.gateway.chat.generation import KEEP_ALIVE_SECONDS
from services.gateway.http.bodies import sse
from services.gateway.http.errors import detail_of
from services.gateway.moderations.policy import ResponseModeration
from services.gateway.responses.answering import Answering
from services.gateway.responses.events import CallEvents, Events, MessageEvents, cut, replay, shares, text_of
from services.gateway.responses.objects import shown
from services.gateway.responses.writing import Writing, failure
from shared.contracts.message import Message
from shared.errors import NotFound, ParleyError, TooManyRequests
from shared.messaging.requesting.reply_stream import ReplyStream
from shared.storage.chat import responses
from shared.storage.database.engine import Database
from shared.storage.tables.core import Response, Turn
from shared.telemetry import logs

#: Seconds between two looks at what is written in the background.
LOOK_SECONDS = 0.2

_log = logs.get(__name__)


async def whole(
    row: Response, turn: Turn | None, after: int = -1, moderation: ResponseModeration | None = None
) -> AsyncIterator[bytes]:
    """A response that is finished, with what was judged of it just now."""
    for frame in replay(row, shown(row, turn, moderation), after):
        yield frame


async def as_written(
    answering: Answering,
    writing: Writing,
    answer: ReplyStream,
    first: list[Message],
    coming: AsyncIterator[list[Message]],
) -> AsyncIterator[bytes]:
    """What a language model writes, as it writes; kept before its last event."""
    events, row = Events(), writing.row
    told = _Told(events, writing)
    for frame in events.opening(shown(row, None)):
        yield frame
    try:
        async for some in _chained(first, coming):
            for frame in told.take(some):
                yield frame
            if writing.end is not None:
                row = await run_in_threadpool(answering.keep, row, writing.outcome(writing.end, time.time()))
                break
    except ParleyError as error:
        _log.warning("response broke off", code=error.code, reason=error.message)
        detail = detail_of(error)
        row = row.model_copy(update=failure(error, detail.code or "", detail.message, time.time()))
    finally:
        answer.cancel()  # without effect on one that is complete; else nobody reads the rest
    for frame in (*(told.end() if row.output else ()), *events.ending(shown(row, None))):
        yield frame


class _Told:
    """Tells each item of an answer from its first piece to its last, one after another."""

    def __init__(self, events: Events, writing: Writing) -> None:
        self._events = events
        self._writing = writing
        self._open: MessageEvents | CallEvents | None = None
        self._index = -1

    def take(self, some: list[Message]) -> Iterator[bytes]:
        """What came together; a sign of life if nothing did."""
        if not some:
            yield sse.KEEP_ALIVE
        for change in self._writing.take(some):
            if change.index > self._index:
                if self._open is not None:
                    yield from self.end()
                yield from self._begin(change.index)
            if self._open is not None:
                yield from self._open.delta(change.words, change.logprobs)

    def end(self) -> Iterator[bytes]:
        """The last item as it is; an empty message if nothing was said."""
        if self._open is None:
            yield from self._begin(0)
        if self._open is not None:
            yield from self._open.end(self._writing.output()[self._index])

    def _begin(self, index: int) -> Iterator[bytes]:
        self._index = index
        self._open = self._events.of(self._writing.output()[index], index)
        yield from self._open.begin()


class Followers:
    """Streams of what is written in the background, by whichever process.

    Args:
        database: Where it is written to.
        limit: Streams that may be open at once.
    """

    def __init__(self, database: Database, limit: int) -> None:
        self._database = database
        self._limit = limit
        self._open = 0

    def follow(self, row: Response, after: int) -> AsyncIterator[bytes]:
        """The events of a response from the one after ``after``, until it is finished.

        Raises:
            TooManyRequests: Too many are open.
        """
        if self._open >= self._limit:
            raise TooManyRequests(f"{self._limit} streams of responses are open already; try again later.")
        return self._frames(row, after)

    async def _frames(self, row: Response, after: int) -> AsyncIterator[bytes]:
        events = Events(after)
        with self._counted():
            for frame in events.opening(shown(row, None)):
                yield frame
            try:
                async for frame in self._until_finished(row, events):
                    yield frame
            except ParleyError as error:
                detail = detail_of(error)
                for frame in events.broken(detail.code or "server_error", detail.message):
                    yield frame

    async def _until_finished(self, row: Response, events: Events) -> AsyncIterator[bytes]:
        said = None
        told, attempt, quiet = 0, row.attempt, time.monotonic()
        while row.status in responses.UNFINISHED:
            row, pieces = await run_in_threadpool(self._look, row.id, attempt if told else None, told)
            if row.attempt != attempt and told:
                for frame in events.broken(
                    "response_restarted",
                    "The process that wrote this has ended, and another began anew: read it again.",
                ):
                    yield frame
                return
            attempt = row.attempt
            for piece in pieces:
                said = said or events.message(Writing(row, with_logprobs=False).message_id(0))
                for frame in said.begin() if not told else ():
                    yield frame
                for frame in said.delta(piece, ()):
                    yield frame
                told += 1
            if pieces:
                quiet = time.monotonic()
            elif time.monotonic() - quiet >= KEEP_ALIVE_SECONDS:
                quiet = time.monotonic()
                yield sse.KEEP_ALIVE
            await asyncio.sleep(LOOK_SECONDS)
        for frame in await run_in_threadpool(self._rest, row, events, told):
            yield frame

    def _look(self, response_id: str, attempt: int | None, told: int) -> tuple[Response, list[str]]:
        with self._database.reading() as session:
            row = responses.find(session, response_id)
            if row is None:
                raise NotFound("The response was deleted.", code="response_deleted")
            return row, responses.pieces(session, response_id, attempt if attempt is not None else row.attempt, told)

    def _rest(self, row: Response, events: Events, told: int) -> list[bytes]:
        """What a finished response says beyond the pieces that were told."""
        with self._database.reading() as session:
            turn = responses.turn_of(session, row)
        return list(_remaining(row, turn, events, told))

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1


def _remaining(row: Response, turn: Turn | None, events: Events, told: int) -> Iterator[bytes]:
    response = shown(row, turn)
    for index, (item, cuts) in enumerate(zip(response.output, shares(response.output, row.cuts), strict=True)):
        said, known = events.of(item, index), told if not index else 0
        if not known:
            yield from said.begin()
        for piece in cut(text_of(item), cuts)[known:]:
            yield from said.delta(piece, ())
        yield from said.end(item)
    yield from events.ending(response)


async def _chained(first: list[Message], coming: AsyncIterator[list[Message]]) -> AsyncIterator[list[Message]]:
    yield first
    async for some in coming:
        yield some
