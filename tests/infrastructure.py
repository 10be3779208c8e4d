"""The broker and the database that integration tests use.

What is missing here makes a test skip with a sentence that says what to do; where ``CI=true`` it makes the test fail, so
that nothing goes unnoticed where it has to run.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import pg8000.dbapi
import pytest

from tests.servers import OwnBroker, ServerMissing, free_port, running

__all__ = ["broker_url", "database_url", "free_port", "own_folder", "required"]

Entered = TypeVar("Entered")

_BROKER = "amqp://guest:guest@127.0.0.1:5672//"
_DATABASE = "postgresql://postgres@127.0.0.1:5432/postgres"


@contextlib.contextmanager
def broker_url() -> Iterator[str]:
    """A RabbitMQ: the one at ``PARLEY_TEST_BROKER_URL``, else one started for the time being if it is installed.

    Tests share it, so each uses a prefix of its own.
    """
    url = os.environ.get("PARLEY_TEST_BROKER_URL", _BROKER)
    if _answers(url, 5672):
        yield url
    elif shutil.which("rabbitmq-server"):
        with own_folder("rabbitmq") as folder, required(running(OwnBroker(folder))) as own:
            yield own.url
    else:
        missing(f"no RabbitMQ answers at {urlsplit(url).hostname}; start one, or set PARLEY_TEST_BROKER_URL")


@contextlib.contextmanager
def database_url() -> Iterator[str]:
    """A new, empty PostgreSQL database on the server at ``PARLEY_TEST_DATABASE_URL``; dropped at the end."""
    server = os.environ.get("PARLEY_TEST_DATABASE_URL", _DATABASE)
    if not _answers(server, 5432):
        missing(f"no PostgreSQL answers at {urlsplit(server).hostname}; start one, or set PARLEY_TEST_DATABASE_URL")
    name = f"parley_test_{uuid4().hex}"
    _execute(server, f"CREATE DATABASE {name}")
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.contextmanager
def required(context: AbstractContextManager[Entered]) -> Iterator[Entered]:
    """What needs servers of our own; where those cannot run the test is skipped, or fails where ``CI=true``."""
    with contextlib.ExitStack() as stack:
        try:
            entered = stack.enter_context(context)
        except ServerMissing as error:
            missing(error.message)
        yield entered


@contextlib.contextmanager
def own_folder(name: str) -> Iterator[Path]:
    """A folder for a server that may run as a user of its own: pytest's are closed to others."""
    with TemporaryDirectory(prefix=f"parley-{name}-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def _answers(url: str, default_port: int) -> bool:
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "127.0.0.1", parts.port or default_port), timeout=3).close()
    except OSError:
        return False
    return True


def _execute(server: str, statement: str) -> None:
    parts = urlsplit(server)
    connection = pg8000.dbapi.connect(
        user=parts.username or "postgres",
        password=parts.password,
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 5432,
        database=parts.path.lstrip("/") or "postgres",
    )
    try:
        connection.autocommit = True
        connection.cursor().execute(statement)
    finally:
        connection.close()


def missing(reason: str) -> NoReturn:
    """Skip the test, or let it fail where ``CI=true``."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
