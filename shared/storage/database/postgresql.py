"""PostgreSQL through pg8000, a driver in pure Python with a BSD licence (psycopg's is LGPL)."""

from __future__ import annotations

import logging
import socket
import ssl
import time
from typing import Any
from uuid import uuid4

from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

from shared.errors import SettingsError
from shared.storage.database.broken_connections import BrokenConnections
from shared.storage.database.failures import is_refusal, sqlstate
from shared.storage.database.texts import dump_json, refuse_unstorable

POOL_SIZE = 20
"""Connections at most, made when they are needed and then kept: to make one costs more than a transaction."""

POOL_TIMEOUT = 10.0
"""Seconds to wait for a connection of the pool."""

STATEMENT_TIMEOUT = 20.0
"""Seconds the server works or waits for a lock before it gives a statement up."""

SOCKET_TIMEOUT = 30.0
"""Seconds without a byte from the server after which it is taken for dead; longer than any statement may last."""

TRUST_SECONDS = 1.0
"""Seconds after its use for which a connection is taken to be alive: a ping is one more round trip for every transaction."""

_ONLY_READS = "25006"
"""SQLSTATE of a write where only reading is possible."""

_USED_AT = "parley_used_at"

_EXPECTED = "PARLEY_DATABASE_URL must look like postgresql://user:password@host:port/name."


def postgresql_engine(url: str) -> Engine:
    """An engine for ``postgresql://user:password@host:port/name``, ``?sslmode=verify-full`` for TLS.

    Raises:
        SettingsError: The URL cannot be understood.
    """
    address, encrypted = _parse(url)
    connect_args: dict[str, Any] = {
        "timeout": SOCKET_TIMEOUT,
        "application_name": "parley",
        "startup_params": {"statement_timeout": f"{STATEMENT_TIMEOUT:.0f}s"},
        # Given None, pg8000 loads every certificate of the system for each connection; given True, it verifies none.
        "ssl_context": ssl.create_default_context() if encrypted else False,
    }
    engine = create_engine(
        address,
        connect_args=connect_args,
        json_serializer=dump_json,
        hide_parameters=True,
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT,
        pool_logging_name=uuid4().hex,  # else all pools of a process log as one, and each would tell of the others' outages
    )

    errors = (engine.dialect.loaded_dbapi.Error, OSError)
    broken = BrokenConnections(*errors)
    pool_log = engine.pool.logger
    assert isinstance(pool_log, logging.Logger)  # noqa: S101  # it is another thing only for pools that are to log everything
    pool_log.addFilter(broken)
    event.listen(engine, "engine_disposed", lambda _engine: pool_log.removeFilter(broken))
    event.listen(engine, "invalidate", lambda _connection, _record, error: broken.tell(error))

    def tell_of_refusal(context: ExceptionContext) -> None:
        if is_refusal(context.original_exception):
            broken.refused(context.original_exception)

    def ping(connection: Any, record: ConnectionPoolEntry, _fairy: object) -> None:
        """As ``pool_pre_ping`` does, which lets an ``OSError`` of the driver through to the caller."""
        if time.monotonic() - record.info.get(_USED_AT, 0.0) < TRUST_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except errors as error:
            raise InvalidatePoolError from error  # the pool makes another connection

    event.listen(engine, "connect", _send_at_once)
    event.listen(engine, "checkout", ping)
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "handle_error", _leave_a_standby)
    event.listen(engine, "handle_error", tell_of_refusal)
    event.listen(engine, "before_cursor_execute", _check)
    return engine


def _parse(url: str) -> tuple[URL, bool]:
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        raise SettingsError(_EXPECTED) from None
    if not (address.username and address.host and address.database):
        raise SettingsError(_EXPECTED)
    mode = address.query.get("sslmode", "disable")
    if mode not in ("disable", "verify-full"):
        raise SettingsError(f"PARLEY_DATABASE_URL has sslmode={mode}; use verify-full or disable.")
    rest = address.difference_update_query(["sslmode"])
    if rest.query:
        raise SettingsError(f"PARLEY_DATABASE_URL has {', '.join(rest.query)}, which is not known; sslmode is.")
    return rest.set(drivername="postgresql+pg8000"), mode == "verify-full"


def _send_at_once(connection: Any, _record: object) -> None:
    """Turn Nagle's algorithm off.

    pg8000 writes a statement larger than its buffer (8 KB) in pieces, and the kernel would hold the second one back until the
    server acknowledges the first, which it does 40 ms later.
    """
    connection._usock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _note_use(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info[_USED_AT] = time.monotonic()


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get("reading", False):
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")


def _leave_a_standby(context: ExceptionContext) -> None:
    """After a fail-over our connections may lead to what is a standby now: they are given up, so that others find the primary."""
    reads = context.connection is not None and context.connection.get_execution_options().get("reading", False)
    if not reads and sqlstate(context.original_exception) == _ONLY_READS:
        context.is_disconnect = True


def _check(_connection: Connection, _cursor: Any, _statement: str, parameters: Any, *_rest: object) -> None:
    refuse_unstorable(parameters)
