"""Stores turns: one thread takes all that are at hand and commits them together."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Full, Queue

from services.gateway.chat import item_events
from shared.background import Background
from shared.errors import Conflict, ParleyError, TooManyRequests, Unavailable
from shared.storage.chat import conversations, responses
from shared.storage.database.engine import Database
from shared.storage.tables.core import Conversation, Response, Turn
from shared.telemetry import logs

log = logs.get(__name__)

#: Turns of one commit.
MAX_BATCH = 256
#: Seconds that a commit waits for more turns while they come together: what a commit costs is paid once for all of them.
GATHER_SECONDS = 0.004


@dataclass(frozen=True, slots=True)
class _Entry:
    turn: Turn
    opens: Conversation | None
    beside: Response | None
    stored: Future[None] = field(default_factory=Future)


class TurnWriter(Background):
    """A thread of its own; on leaving its context, what was handed in is still written.

    Args:
        database: Where turns are stored.
        on_stored: Is told of each batch after its commit.
        limit: Turns that may wait.
    """

    def __init__(self, database: Database, on_stored: Callable[[Sequence[Turn]], None], limit: int) -> None:
        super().__init__("turn-writer")
        self._database = database
        self._on_stored = on_stored
        self._waiting: Queue[_Entry | None] = Queue(limit)
        self._closed = False
        self._busy = False
        """Whether several turns came together the last time."""

    def store(self, turn: Turn, *, opens: Conversation | None = None, beside: Response | None = None) -> Future[None]:
        """Store a turn as number ``turn.position`` of its conversation, which ``opens`` creates first.

        ``beside`` is the response that it answers; both are stored, or neither.

        The future ends without a value once the commit is done, or with ``Conflict`` (another turn came first),
        ``Unavailable`` or whatever else kept the turn from being stored.

        Raises:
            TooManyRequests: So many wait already.
        """
        entry = _Entry(turn, opens, beside)
        try:
            self._waiting.put_nowait(entry)
        except Full:
            raise TooManyRequests("The database does not keep up with the turns; try again.") from None
        return entry.stored

    def _run(self) -> None:
        while not self._closed:
            batch = self._collect()
            if batch:
                self._write(batch)

    def _stop(self) -> None:
        self._waiting.put(None)

    def _collect(self) -> list[_Entry]:
        """Wait for a turn, then take all that are at hand. Those that nobody waits for any more are left out."""
        batch: list[_Entry] = []
        while (entry := self._waiting.get()) is not None:
            if self._busy and not batch:
                time.sleep(GATHER_SECONDS)
            if entry.stored.set_running_or_notify_cancel():
                batch.append(entry)
            if len(batch) == MAX_BATCH or self._waiting.empty():
                self._busy = len(batch) > 1
                return batch
        self._closed = True
        return batch

    def _write(self, batch: Sequence[_Entry]) -> None:
        """Commit the batch; if one turn spoils it, each by itself."""
        try:
            stored = self._commit(batch)
        except Exception as error:  # noqa: BLE001  # whatever it was, the callers must be told
            if len(batch) > 1 and not isinstance(error, Unavailable):
                log.warning(
                    "batch of turns refused; writing them one by one", turns=len(batch), error=type(error).__name__
                )
                for entry in batch:
                    self._write([entry])
                return
            _fail(batch, error)
            return
        for entry in batch:
            if entry.turn.id in stored:
                entry.stored.set_result(None)
            else:
                entry.stored.set_exception(
                    Conflict("Another message came first in this conversation; send yours again.")
                )
        self._on_stored([entry.turn for entry in batch if entry.turn.id in stored])

    def _commit(self, batch: Sequence[_Entry]) -> set[str]:
        with self._database.transaction() as session:
            begun = {entry.opens.id: entry.opens for entry in batch if entry.opens is not None}
            stored = conversations.store_turns(session, [entry.turn for entry in batch], begun)
            answered = [entry.beside for entry in batch if entry.beside is not None and entry.turn.id in stored]
            responses.add(session, *answered)
            item_events.note(session, [entry.turn for entry in batch if entry.turn.id in stored])
            return stored


def _fail(batch: Sequence[_Entry], error: Exception) -> None:
    if not isinstance(error, ParleyError):
        log.error("turn not stored", exc_info=error)
    for entry in batch:
        entry.stored.set_exception(error)
