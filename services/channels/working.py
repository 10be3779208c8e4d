"""Threads that work at messages, one at a time each: those that came in are answered, those that go out are brought."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable

from services.channels.conversing import Conversing, is_over
from services.channels.kinds.kind import Undelivered
from services.channels.telling import Telling
from shared.background import Background
from shared.errors import ParleyError, reason_of
from shared.retrying import Backoff
from shared.storage.chat import channels
from shared.storage.database.engine import Database
from shared.storage.tables.channels import ChannelMessage, Direction
from shared.telemetry import logs

_log = logs.get(__name__)

#: Between tries, and how long there are any.
PAUSES = Backoff(first=2.0, longest=1800.0)
LIFETIME_SECONDS = 86_400.0
#: Seconds between two looks of each thread for what nobody was told of, and for what is to be tried again.
LOOK_SECONDS = 3.0


class Worker(Background):
    """Works at the messages of one direction.

    Args:
        database: Where they are.
        direction: Which.
        work: What is done with one; raises ``ParleyError`` or ``Undelivered``.
        hold: Seconds for which a try keeps others off: longer than any takes.
        clock: Unix seconds.
        pauses: Between tries.
    """

    def __init__(
        self,
        database: Database,
        direction: Direction,
        work: Callable[[ChannelMessage], None],
        hold: float,
        clock: Callable[[], float],
        pauses: Backoff = PAUSES,
    ) -> None:
        super().__init__(f"channels-{direction}")
        self._database = database
        self._direction = direction
        self._work = work
        self._hold = hold
        self._clock = clock
        self._pauses = pauses
        self._wanted = threading.Event()
        self._stopping = False

    def wake(self) -> None:
        """There may be something to do."""
        self._wanted.set()

    def _stop(self) -> None:
        self._stopping = True
        self._wanted.set()

    def _run(self) -> None:
        while not self._stopping:
            try:
                if not self._work_at_one():
                    self._wanted.wait(LOOK_SECONDS)
                    self._wanted.clear()
            except Exception as error:  # noqa: BLE001  # a thread that died would never work at anything again
                _log.warning(
                    "messages of channels wait; tried again", direction=self._direction, reason=reason_of(error)
                )
                self._wanted.wait(LOOK_SECONDS)

    def _work_at_one(self) -> bool:
        with self._database.transaction() as session:
            held = channels.claim(
                session, self._direction, token=secrets.token_hex(16), now=self._clock(), hold=self._hold
            )
        if held is None:
            return False
        try:
            self._work(held)
        except Undelivered as error:
            self._try_again(held, str(error), may_retry=error.may_retry, after=error.after, taken=error.taken)
        except ParleyError as error:
            self._try_again(held, error.message, may_retry=error.retryable or is_over(error))
        else:
            with self._database.transaction() as session:
                channels.finish(session, held, "done", self._clock())
        return True

    def _try_again(
        self, held: ChannelMessage, problem: str, *, may_retry: bool, after: float = 0.0, taken: int = 0
    ) -> None:
        now = self._clock()
        next_at = now + max(after, self._pauses.pause(held.attempts - 1))
        with self._database.transaction() as session:
            if may_retry and next_at < held.created_at + LIFETIME_SECONDS:
                channels.postpone(session, held, next_at, problem, taken=taken)
            else:
                channels.finish(session, held, "failed", now, problem)
                _log.warning("message of a channel given up", channel=held.channel_id, message=held.seq, reason=problem)


def answering(conversing: Conversing, telling: Telling, wake: Callable[[], None]) -> Callable[[ChannelMessage], None]:
    """What is done with a message that came in."""

    def work(message: ChannelMessage) -> None:
        conversation_id = conversing.answer(message)
        if telling.catch_up([conversation_id]):
            wake()

    return work
