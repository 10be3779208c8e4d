"""What went wrong in a database, in the words of ``shared.errors``.

Only what a caller can act on is translated. Anything else (a broken constraint, a missing table) is a mistake of ours
and keeps its own class.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ssl import SSLError
from typing import Any

from sqlalchemy import URL, exc

from shared.errors import AlreadyExists, Conflict, ParleyError, SettingsError, StorageFull, Unavailable

_AWAY = "The database cannot be reached or is overloaded; the call can be repeated."

_FULL = "The disk of the database is full: nothing was stored. Once there is room again, the call can be repeated."

_SQLITE_AWAY = frozenset(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_CANTOPEN", "SQLITE_IOERR"))
"""Names of primary result codes; the extended ones begin with them."""

_SQLITE_REFUSAL = ("SQLITE_NOTADB", "SQLITE_CORRUPT")

_POSTGRESQL_AWAY = ("08", "53", "57P", "57014", "55P03")
"""SQLSTATE beginnings: connection, resources, shutdown, statement time-out, lock time-out."""

_POSTGRESQL_FULL = "53100"

_POSTGRESQL_REFUSAL = ("28", "3D")
"""Who asks, or what is asked for, is unknown there."""

_POSTGRESQL_COLLISION = ("40001", "40P01")
"""Serialization failure, deadlock."""


@contextmanager
def translated() -> Iterator[None]:
    """Raise our errors for SQLAlchemy's.

    Raises:
        AlreadyExists: A row with such a key is there already.
        Conflict: Two transactions stood in each other's way.
        StorageFull: Its disk has no room left.
        Unavailable: The database is away or has no capacity left.
    """
    try:
        yield
    except exc.TimeoutError:
        raise Unavailable("Every connection to the database is in use; the call can be repeated.") from None
    except (ConnectionError, TimeoutError, SSLError) as error:
        # pg8000 lets out as it is what its socket says to the first read of a reply, e.g. when the server dies meanwhile.
        raise Unavailable(_AWAY) from error
    except exc.StatementError as error:
        known = _translate(error)
        if known is None:
            raise
        raise known from error


@contextmanager
def opening(address: URL) -> Iterator[None]:
    """As ``translated``, for the first connection: whoever starts a process is told why it cannot be made.

    Raises:
        SettingsError: The server knows no such user or database, the password is wrong, or the file is no database.
        Unavailable: It cannot be reached, or has no capacity left.
    """
    try:
        with translated():
            yield
    except StorageFull:
        raise
    except Unavailable as error:
        raise Unavailable(f"{address!r} cannot be used: {_first_cause(error)}") from error
    except exc.DBAPIError as error:
        if not is_refusal(error.orig):
            raise
        raise SettingsError(f"PARLEY_DATABASE_URL: {address!r} refuses: {_first_cause(error)}") from error


def is_refusal(error: BaseException | None) -> bool:
    """Whether a driver was told that what was asked for, or whoever asks, is not known there."""
    name = getattr(error, "sqlite_errorname", "")
    return name in _SQLITE_REFUSAL or sqlstate(error).startswith(_POSTGRESQL_REFUSAL)


def _first_cause(error: BaseException) -> str:
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return reason(error)


def reason(error: BaseException) -> str:
    """What the server said, or else the error itself."""
    return str(_report(error).get("M", error))


def _translate(error: exc.StatementError) -> ParleyError | None:
    if isinstance(error.orig, ParleyError):
        return error.orig
    if isinstance(error.orig, sqlite3.Error):
        return _from_sqlite(error.orig)
    if isinstance(error, exc.DBAPIError):
        return _from_postgresql(error)
    return None


def _from_sqlite(error: sqlite3.Error) -> ParleyError | None:
    name: str = getattr(error, "sqlite_errorname", "")
    if name in ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"):
        return AlreadyExists("It exists already; nothing was changed.")
    if name == "SQLITE_FULL":
        return StorageFull(_FULL)
    if any(name.startswith(code) for code in _SQLITE_AWAY):
        return Unavailable(_AWAY)
    return None


def _from_postgresql(error: exc.DBAPIError) -> ParleyError | None:
    if error.connection_invalidated or isinstance(error, exc.InterfaceError):
        return Unavailable(_AWAY)
    state = sqlstate(error.orig)
    if state == "23505":
        return AlreadyExists("It exists already; nothing was changed.")
    if state in _POSTGRESQL_COLLISION:
        return Conflict("Another request changed the same thing at the same time; the call can be repeated.")
    if state == _POSTGRESQL_FULL:
        return StorageFull(_FULL)
    return Unavailable(_AWAY) if state.startswith(_POSTGRESQL_AWAY) else None


def sqlstate(error: BaseException | None) -> str:
    """The five characters by which PostgreSQL tells what is wrong; empty if it told nothing."""
    return str(_report(error).get("C", ""))


def _report(error: BaseException | None) -> Mapping[str, Any]:
    """What the server reported. pg8000 raises one class for all of it, with the fields of the report as its argument."""
    fields = error.args[0] if error is not None and error.args else None
    return fields if isinstance(fields, dict) else {}
