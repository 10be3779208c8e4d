"""One customer's end of a conversation: all that is said, in order, and a way to say something."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi.concurrency import run_in_threadpool
from starlette.types import Scope

from services.gateway.alerts.feed import Watcher
from services.gateway.colleagues.following import News, Position, news
from services.gateway.http import tasks
from services.gateway.http.access.auth import within_rate
from services.gateway.http.access.keyring import Caller
from services.gateway.http.errors import detail_of
from services.gateway.live.frames import AliveFrame, DeltaFrame, ErrorFrame, Frame, MessageFrame, Say, StatusFrame
from services.gateway.live.objects import customer_messages, of_turn
from services.gateway.live.speaking import spoken
from services.gateway.state import AppState
from shared.errors import NotAuthenticated, ParleyError, TooManyRequests
from shared.storage.tables.core import ConversationStatus, Turn
from shared.telemetry import correlation, logs

log = logs.get(__name__)

#: Seconds between two looks for what nobody was told of, and between two signs of life.
LOOK_SECONDS = 15.0
#: What a customer may say before the first of it is answered.
MAX_WAITING = 8
#: Frames that wait for a client that takes them slowly; then nothing more is read for it.
_BACKLOG = 32

BEGINNING = Position(0, 0)


class LiveConversation:
    """Reads on from a position, and answers what is said, one after the other.

    Args:
        state: Of the gateway.
        caller: Who may take part in the conversation.
        conversation_id: It exists.
        since: What the client has seen.
        scope: Of the connection.
    """

    def __init__(self, state: AppState, caller: Caller, conversation_id: str, since: Position, scope: Scope) -> None:
        self._state = state
        self._caller = caller
        self._id = conversation_id
        self._since = since
        self._scope = scope
        self._status: ConversationStatus | None = None
        self._told: asyncio.Queue[Frame | ParleyError | None] = asyncio.Queue(_BACKLOG)
        self._said: asyncio.Queue[Say] = asyncio.Queue(MAX_WAITING)
        self._order = asyncio.Lock()
        self._is_speaking = False

    @asynccontextmanager
    async def running(self, watcher: Watcher) -> AsyncIterator[None]:
        """Work at it."""
        async with tasks.running(self._ending(self._follow(watcher)), self._ending(self._speak())):
            yield

    async def frames(self) -> AsyncIterator[Frame]:
        """What there is to tell, until it is over.

        Raises:
            ParleyError: It cannot go on.
        """
        while (frame := await self._told.get()) is not None:
            if isinstance(frame, ParleyError):
                raise frame
            yield frame

    async def tell(self, frame: Frame) -> None:
        """Tell the client something; waits for one that does not listen."""
        await self._told.put(frame)

    def say(self, said: Say) -> None:
        """Let it be answered, after what was said before.

        Raises:
            TooManyRequests: So much waits already, or the caller is over its rate.
            NotAuthenticated: A visitor's time is over.
        """
        if self._said.full():
            raise TooManyRequests(f"{MAX_WAITING} messages wait for an answer already; send this one again later.")
        if self._is_over():
            raise NotAuthenticated("This token has expired; ask for another one.", code="token_expired")
        within_rate(self._state, self._caller, self._scope)
        self._said.put_nowait(said)

    async def _ending(self, work: Coroutine[Any, Any, None]) -> None:
        """Work to its end; whatever goes wrong, the client is told that it is over."""
        try:
            await work
            await self._told.put(None)
        except ParleyError as error:
            await self._told.put(error)
        except Exception:
            log.exception("a live conversation failed", conversation=self._id)
            await self._told.put(ParleyError("the conversation failed"))

    async def _follow(self, watcher: Watcher) -> None:
        await self._look()
        while not self._is_over() and (events := await watcher.events(LOOK_SECONDS)) is not None:
            if not (self._is_speaking and events and all(events)):
                told = await self._look()
                if not told and not events:
                    await self.tell(AliveFrame())

    def _is_over(self) -> bool:
        """A visitor's token ends; whoever holds it comes back with another one."""
        return self._caller.expires_at is not None and self._caller.expires_at <= self._state.clock()

    async def _speak(self) -> None:
        while True:
            said = await self._said.get()
            self._is_speaking = True
            try:
                with correlation.bound(correlation.new_correlation_id()):
                    await self._answer(said)
            except ParleyError as error:
                await self.tell(ErrorFrame(say=said.id, error=detail_of(error)))
            finally:
                self._is_speaking = False

    async def _answer(self, said: Say) -> None:
        async for event in spoken(self._state, self._caller, self._id, said):
            if isinstance(event, DeltaFrame):
                await self.tell(event)
            elif not await self._stored(event):
                await self._look()

    async def _stored(self, turn: Turn) -> bool:
        """Tell a turn, if it is the next, or was told before; ``False``: there was something else before it."""
        async with self._order:
            if turn.position < self._since.turns:
                for message in of_turn(turn):
                    await self.tell(MessageFrame(position=str(self._since), message=message))
                return True
            if turn.position > self._since.turns:
                return False
            status: ConversationStatus = "handed_over" if turn.state.handed_over else "open"
            await self._pass_on(News((turn,), (), Position(turn.position + 1, self._since.item), status))
            return True

    async def _look(self) -> bool:
        """Tell all that has come since; whether there was any."""
        told = False
        async with self._order:
            while True:
                found = await run_in_threadpool(news, self._state.database, self._id, self._since)
                told = await self._pass_on(found) or told
                if found.is_all:
                    return told

    async def _pass_on(self, found: News) -> bool:
        is_first = self._status is None
        if is_first:
            await self._tell_status(found.status)
        told = is_first
        for said, position in found.steps(self._since):
            messages = tuple(customer_messages(said))
            for number, message in enumerate(messages, 1):  # half a turn is told again
                here = position if number == len(messages) else self._since
                await self.tell(MessageFrame(position=str(here), message=message))
            self._since, told = position, True
        self._since = found.position
        if found.status != self._status:
            await self._tell_status(found.status)
            return True
        return told

    async def _tell_status(self, status: ConversationStatus) -> None:
        self._status = status
        await self.tell(StatusFrame(position=str(self._since), status=status))


def turn_frames(turn: Turn) -> Sequence[Frame]:
    """A turn that was said outside any stream."""
    return [MessageFrame(position=None, message=message) for message in of_turn(turn)] + [
        StatusFrame(position=None, status="handed_over" if turn.state.handed_over else "open")
    ]
