"""Deletes the files whose time is over."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType
from typing import Self

from shared.artifacts.store import ArtifactStore
from shared.errors import NotFound, ParleyError
from shared.storage import files
from shared.storage.engine import Database
from shared.telemetry import logs

log = logs.get(__name__)

#: Seconds between two looks.
INTERVAL_SECONDS = 30.0
#: Files of one look.
MAX_BATCH = 100


class Expiry:
    """A context manager with a thread of its own. Several gateway processes may do this beside each other.

    Args:
        database: Where files are listed.
        store: Where their bytes are.
        clock: Unix seconds.
        interval: Seconds between two looks.
    """

    def __init__(
        self,
        database: Database,
        store: ArtifactStore,
        clock: Callable[[], float],
        *,
        interval: float = INTERVAL_SECONDS,
    ) -> None:
        self._database = database
        self._store = store
        self._clock = clock
        self._interval = interval
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="file-expiry", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._interval):
            try:
                self._delete_expired()
            except ParleyError as error:
                log.warning("expired files not deleted; trying again", reason=error.message)

    def _delete_expired(self) -> None:
        with self._database.reading() as session:
            expired = files.expired(session, self._clock(), MAX_BATCH)
        for file_id in expired:
            self._store.delete(f"files/{file_id}")  # first the bytes: a row without bytes is found again, bytes are not
            try:
                with self._database.transaction() as session:
                    files.delete(session, file_id)
            except NotFound:
                log.debug("another gateway process deleted it", file_id=file_id)
