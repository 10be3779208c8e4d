"""Tells monitoring what was stored. The database is the outbox: what could not be told is found there and told later."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from threading import Event

from shared.background import Background
from shared.contracts.monitoring.sentiment import CHAT_STREAM, Observation, SentimentObserved
from shared.errors import reason_of
from shared.messaging.bus import Publisher
from shared.messaging.envelope import envelope
from shared.storage.chat import conversations
from shared.storage.database.engine import Database
from shared.storage.tables.core import Turn
from shared.telemetry import logs

log = logs.get(__name__)

#: Seconds between two looks for turns that nobody was told of.
SWEEP_SECONDS = 5.0
#: Age of a turn in seconds from which the sweep takes care of it; until then it is on its way.
OVERDUE_SECONDS = 10.0
#: Seconds that a stored turn waits for others, so that they share a message and the commit that marks them.
GATHER_SECONDS = 0.2
#: Turns of one message.
MAX_BATCH = 500
#: Turns that wait here; further ones are left to the sweep.
BACKLOG = 10_000


class Outbox(Background):
    """A thread of its own, so that a slow broker never delays an answer.

    Args:
        database: Where turns are stored.
        publisher: The way to monitoring.
        clock: Unix seconds.
    """

    def __init__(self, database: Database, publisher: Publisher, clock: Callable[[], float]) -> None:
        super().__init__("sentiment-outbox")
        self._database = database
        self._publisher = publisher
        self._clock = clock
        self._waiting: deque[Turn] = deque()
        self._arrived = Event()
        self._stopping = Event()

    def hand_over(self, turns: Sequence[Turn]) -> None:
        """Turns that have just been stored; never waits."""
        if len(self._waiting) < BACKLOG:
            self._waiting.extend(turns)
            self._arrived.set()

    def _run(self) -> None:
        swept_at = self._clock()
        while not self._stopping.is_set():
            if self._arrived.wait(SWEEP_SECONDS):
                self._stopping.wait(GATHER_SECONDS)
            self._arrived.clear()
            while self._waiting:
                self._tell([self._waiting.popleft() for _ in range(min(MAX_BATCH, len(self._waiting)))])
            if self._clock() - swept_at >= SWEEP_SECONDS:
                self._tell(self._overdue())
                swept_at = self._clock()

    def _stop(self) -> None:
        self._stopping.set()
        self._arrived.set()

    def _overdue(self) -> Sequence[Turn]:
        try:
            with self._database.reading() as session:
                return conversations.unobserved(session, self._clock() - OVERDUE_SECONDS, MAX_BATCH)
        except Exception as error:  # noqa: BLE001  # a thread that died would never tell anything again
            log.warning("cannot look for untold turns; trying again", reason=reason_of(error))
            return ()

    def _tell(self, turns: Sequence[Turn]) -> None:
        """Publish, and once the broker has confirmed it, mark. Twice told is harmless: monitoring counts ids once."""
        observations = tuple(seen for turn in turns if (seen := observation(turn)) is not None)
        if not observations:
            return
        try:
            self._publisher.publish([envelope(SentimentObserved(observations=observations))])
            with self._database.transaction() as session:
                conversations.mark_observed(session, [seen.id for seen in observations], self._clock())
        except Exception as error:  # noqa: BLE001  # the same
            log.warning("sentiment not told yet; trying again", turns=len(observations), reason=reason_of(error))


def observation(turn: Turn) -> Observation | None:
    """What monitoring counts of a turn; ``None`` if the model has no sentiment."""
    understanding = turn.understanding
    if understanding.sentiment is None:
        return None
    return Observation(
        id=turn.id,
        stream=CHAT_STREAM,
        intent=understanding.intent.name if understanding.intent else "",
        sentiment=understanding.sentiment.label,
        occurred_at=turn.created_at,
    )
