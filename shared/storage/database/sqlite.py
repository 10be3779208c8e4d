"""SQLite: one file in write-ahead mode, so that readers and the writer do not wait for each other."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url

from shared.errors import SettingsError, Unavailable
from shared.storage.database.texts import dump_json, refuse_unstorable

BUSY_TIMEOUT = 10.0
"""Seconds to wait for another writer."""

_PAUSE = 0.01
"""Seconds between two questions for the write-ahead mode."""


def sqlite_engine(url: str) -> Engine:
    """An engine for ``sqlite:///path``; the folder is made if need be. ``?timeout=`` replaces ``BUSY_TIMEOUT``.

    Raises:
        SettingsError: The URL names no file, or its folder cannot be made. Memory databases are refused: each connection would see its own.
    """
    address = make_url(url) if url.startswith("sqlite:///") else None
    if address is None or address.database in (None, "", ":memory:"):
        raise SettingsError("PARLEY_DATABASE_URL must look like sqlite:///path or postgresql://user@host/name.")
    folder = Path(str(address.database)).parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"the folder of the database, {folder}, cannot be made: {error.strerror}.") from None
    if "timeout" not in address.query:
        address = address.update_query_dict({"timeout": str(BUSY_TIMEOUT)})
    engine = create_engine(
        address, connect_args={"check_same_thread": False}, json_serializer=dump_json, hide_parameters=True
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "before_cursor_execute", _check)
    return engine


class WriterTurn(AbstractContextManager[None]):
    """Lets the threads of a process write one after another.

    SQLite alone would make them poll for its lock, with pauses that grow to 100 ms and no order among those who wait.

    Args:
        timeout: Seconds to wait for one's turn.
    """

    def __init__(self, timeout: float = BUSY_TIMEOUT) -> None:
        self._lock = threading.Lock()
        self._timeout = timeout

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=self._timeout):
            raise Unavailable("Other writers kept the database for too long; the call can be repeated.")

    def __exit__(self, *_exception: object) -> None:
        self._lock.release()


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions by itself: _begin does
    _write_ahead(connection)
    connection.execute("PRAGMA foreign_keys=ON")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Ask until it is granted: of processes that make this change to a new file at once, all but one are refused.

    SQLite does not wait here whatever the timeout, since two who wait to make their read lock exclusive wait for ever.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)
        else:
            return


def _begin(connection: Connection) -> None:
    """Take the write lock at the beginning: a reader that becomes a writer half-way fails without waiting."""
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reading else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _check(_connection: Connection, _cursor: Any, _statement: str, parameters: Any, *_rest: object) -> None:
    refuse_unstorable(parameters)
