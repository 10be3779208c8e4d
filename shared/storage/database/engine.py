"""The database behind one object: transactions that commit at the edge, and reads that never wait for a writer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from sqlalchemy import Engine, select
from sqlmodel import Session

from shared.storage.database.clock import compare_clocks
from shared.storage.database.failures import opening, translated
from shared.storage.database.postgresql import postgresql_engine
from shared.storage.database.sqlite import WriterTurn, sqlite_engine
from shared.storage.migrations.upgrade import upgrade

__all__ = ["Database", "Session", "open_database"]


class Database:
    """An open database. Safe to share between threads; sessions are not.

    Args:
        engine: Its connections.
        turn: What a writing transaction holds while it lasts, if writers must not meet in the database.
    """

    def __init__(self, engine: Engine, turn: AbstractContextManager[object] | None = None) -> None:
        self._turn = turn or nullcontext()
        self._writing = engine
        self._reading = engine.execution_options(reading=True)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits when the block ends, and rolls back if it raises.

        The rows it returns stay readable afterwards, as plain values.

        Raises:
            AlreadyExists: A row with such a key is there already.
            Conflict: Two transactions stood in each other's way; the whole block can be repeated.
            InvalidInput: A text cannot be stored (see ``shared.storage.texts``).
            Unavailable: The database is away, or its disk is full; the whole block can be repeated.
        """
        with self._turn, translated(), Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that can only read, and so never waits for a writer or makes one wait.

        Raises:
            InvalidInput: A text looked for cannot be in a database.
            Unavailable: The database is away.
        """
        with translated(), Session(self._reading, expire_on_commit=False) as session, session.begin():
            yield session

    def ping(self) -> None:
        """Ask it something.

        Raises:
            Unavailable: It does not answer.
        """
        with self.reading() as session:
            session.scalar(select(1))


@contextmanager
def open_database(url: str) -> Iterator[Database]:
    """Connect, bring the tables up to date, and disconnect at the end.

    Args:
        url: ``sqlite:///path`` or ``postgresql://user:password@host:port/name``.

    Raises:
        SettingsError: The URL is wrong or not accepted, or the database was made by a newer Parley.
        Unavailable: The database cannot be reached.
    """
    postgresql = url.startswith("postgresql")
    engine = postgresql_engine(url) if postgresql else sqlite_engine(url)
    try:
        with opening(engine.url), engine.begin() as connection:
            upgrade(connection)
            if postgresql:
                compare_clocks(connection)
        yield Database(engine, None if postgresql else WriterTurn())
    finally:
        engine.dispose()
