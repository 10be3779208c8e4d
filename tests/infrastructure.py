"""The broker and the database that integration tests use.

What is missing here makes a test skip with a sentence that says what to do; where ``CI=true`` it makes the test fail, so
that nothing goes unnoticed where it has to run.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn
from urllib.parse import urlsplit
from uuid import uuid4

import pg8000.dbapi
import pytest

_BROKER = "amqp://guest:guest@127.0.0.1:5672//"
_DATABASE = "postgresql://postgres@127.0.0.1:5432/postgres"

#: Seconds that a broker may take to start on a busy machine.
_START = 90.0


@contextlib.contextmanager
def broker_url() -> Iterator[str]:
    """A RabbitMQ: the one at ``PARLEY_TEST_BROKER_URL``, else one started for the time being if it is installed.

    Tests share it, so each uses a prefix of its own.
    """
    url = os.environ.get("PARLEY_TEST_BROKER_URL", _BROKER)
    if _answers(url, 5672):
        yield url
    elif shutil.which("rabbitmq-server"):
        with TemporaryDirectory(prefix="parley-rabbitmq-") as folder, _started_broker(Path(folder)) as own:
            yield own
    else:
        _missing(f"no RabbitMQ answers at {urlsplit(url).hostname}; start one, or set PARLEY_TEST_BROKER_URL")


@contextlib.contextmanager
def database_url() -> Iterator[str]:
    """A new, empty PostgreSQL database on the server at ``PARLEY_TEST_DATABASE_URL``; dropped at the end."""
    server = os.environ.get("PARLEY_TEST_DATABASE_URL", _DATABASE)
    if not _answers(server, 5432):
        _missing(f"no PostgreSQL answers at {urlsplit(server).hostname}; start one, or set PARLEY_TEST_DATABASE_URL")
    name = f"parley_test_{uuid4().hex}"
    _execute(server, f"CREATE DATABASE {name}")
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def free_port() -> int:
    """A port of this host that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@contextlib.contextmanager
def _started_broker(folder: Path) -> Iterator[str]:
    folder.chmod(0o777)  # the server may run as a user of its own
    port = free_port()
    # Own configuration files: those of the host would win over the environment.
    (folder / "rabbitmq.conf").write_text(f"listeners.tcp.local = 127.0.0.1:{port}\n")
    (folder / "rabbitmq-env.conf").touch()
    environment = {
        **os.environ,
        "RABBITMQ_NODENAME": f"parley-test-{port}@localhost",
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder),
        "RABBITMQ_LOGS": "-",
    }
    with (folder / "output").open("wb") as output:
        server = subprocess.Popen(
            ["rabbitmq-server"], env=environment, stdout=output, stderr=output, start_new_session=True
        )
    url = f"amqp://guest:guest@127.0.0.1:{port}//"
    try:
        deadline = time.monotonic() + _START
        while not _speaks_amqp(port):
            if server.poll() is not None or time.monotonic() > deadline:
                _missing(f"rabbitmq-server does not start: {(folder / 'output').read_text(errors='replace')[-500:]}")
            time.sleep(0.2)
        yield url
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        server.wait(_START)


def _answers(url: str, default_port: int) -> bool:
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "127.0.0.1", parts.port or default_port), timeout=3).close()
    except OSError:
        return False
    return True


def _speaks_amqp(port: int) -> bool:
    """Whether the broker takes a handshake; it listens some time before."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=3) as connection:
            connection.settimeout(3)
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            return bool(connection.recv(1))
    except OSError:
        return False


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


def _missing(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
