"""A RabbitMQ and a PostgreSQL of our own: on free ports, with their data in a folder, free to be killed and started again."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pg8000.dbapi
import psutil

from shared.errors import ParleyError

#: Seconds that a server may take to start on a busy machine.
_START = 90.0
#: Seconds that a server may take to end in peace.
_FAREWELL = 20.0

_POSTGRESQL = Path("/usr/lib/postgresql")


class ServerMissing(ParleyError):
    """The server is not installed here, or does not start."""


#: Below the ports that systems give to outgoing connections, which may take one between its choice and its use.
_PORTS = range(20_000, 32_000)


def free_port() -> int:
    """A port of this host that nobody uses."""
    chance = random.SystemRandom()  # other processes of the suite choose too
    while True:
        port = chance.choice(_PORTS)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


class OwnServer(ABC):
    """A server process with its children; the data stay in the folder from one start to the next.

    Args:
        folder: Empty, or made by an earlier server of the kind.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """Where it listens."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it serves."""

    @abstractmethod
    def _command(self) -> Sequence[str]: ...

    def _environment(self) -> dict[str, str]:
        return dict(os.environ)

    def _user(self) -> str | None:
        """Whose process it is; ``None``: ours."""
        return None

    def _main(self, family: Sequence[psutil.Process]) -> psutil.Process:
        """The one among its processes that ends the others when it is told to end."""
        return family[0]

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it, and return before it serves."""
        user: dict[str, Any] = {"user": self._user(), "group": self._user(), "extra_groups": ()} if self._user() else {}
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                self._command(),
                env=self._environment(),
                cwd="/",
                stdout=output,
                stderr=output,
                start_new_session=True,
                **user,
            )

    def wait(self) -> None:
        """Return once it serves.

        Raises:
            ServerMissing: It ended, or takes too long.
        """
        deadline = time.monotonic() + _START
        while not self.answers():
            if not self.alive or time.monotonic() > deadline:
                output = (self.folder / "output").read_text(errors="replace")
                raise ServerMissing(f"{type(self).__name__} does not start: {output[-500:]}")
            time.sleep(0.1)

    def kill(self) -> None:
        """End it and all its children at once, as a power cut would."""
        _end(self._family())
        self._forget()

    def stop(self) -> None:
        """End it in peace."""
        family = self._family()
        if family:
            with contextlib.suppress(psutil.NoSuchProcess):
                self._main(family).terminate()
            psutil.wait_procs(family, timeout=_FAREWELL)
        _end(family)
        self._forget()

    def _forget(self) -> None:
        if self._process is not None:
            self._process.wait()  # it has ended; but until this is asked, it warns at some later time that it runs

    def _family(self) -> list[psutil.Process]:
        """Its processes that run."""
        if self._process is None or not self.alive:
            return []
        try:
            parent = psutil.Process(self._process.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


def _end(family: Sequence[psutil.Process]) -> None:
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    psutil.wait_procs(family, timeout=5)


class OwnBroker(OwnServer):
    """A RabbitMQ node."""

    @property
    def url(self) -> str:
        """See ``OwnServer``."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def answers(self) -> bool:
        """Whether it takes a handshake; it listens some time before."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=3) as connection:
                connection.settimeout(3)
                connection.sendall(b"AMQP\x00\x00\x09\x01")
                return bool(connection.recv(1))
        except OSError:
            return False

    def _command(self) -> Sequence[str]:
        if shutil.which("rabbitmq-server") is None:
            raise ServerMissing("rabbitmq-server is not installed")
        self.folder.chmod(0o777)  # the server may run as a user of its own
        # Own configuration files: those of the host would win over the environment.
        (self.folder / "rabbitmq.conf").write_text("\n".join(self._configuration()) + "\n")
        (self.folder / "rabbitmq-env.conf").touch()
        return ["rabbitmq-server"]

    def _configuration(self) -> list[str]:
        return [f"listeners.tcp.local = 127.0.0.1:{self.port}"]

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "RABBITMQ_NODENAME": f"parley-test-{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "rabbitmq-env.conf"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.folder),
            "RABBITMQ_LOGS": "-",
        }

    def _main(self, family: Sequence[psutil.Process]) -> psutil.Process:
        """Erlang's: the scripts and ``su`` that Debian starts it with pass no signal on."""
        return next((member for member in family if member.name().startswith("beam")), family[0])


class OwnDatabase(OwnServer):
    """A PostgreSQL cluster with the settings it comes with."""

    @property
    def url(self) -> str:
        """See ``OwnServer``."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def answers(self) -> bool:
        """Whether it takes a connection; while it recovers from a crash it takes none."""
        try:
            pg8000.dbapi.connect(user="postgres", host="127.0.0.1", port=self.port, timeout=3).close()
        except (pg8000.dbapi.Error, OSError):
            return False
        return True

    def _user(self) -> str | None:
        """PostgreSQL refuses to run as root."""
        return "postgres" if os.geteuid() == 0 else None

    def _command(self) -> Sequence[str]:
        programs = _postgresql_programs()
        data = self.folder / "data"
        if not data.exists():
            self._initialise(programs / "initdb", data)
        return [
            str(programs / "postgres"),
            *("-D", str(data), "-p", str(self.port), "-k", str(data), "-c", "listen_addresses=127.0.0.1"),
            *self._options(),
        ]

    def _options(self) -> Sequence[str]:
        return ()

    def _initialise(self, initdb: Path, data: Path) -> None:
        user = self._user()
        if user is not None:
            shutil.chown(self.folder, user, user)
        subprocess.run(
            [str(initdb), "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync"],
            check=True,
            capture_output=True,
            cwd="/",
            user=user,
            group=user,
        )


def _postgresql_programs() -> Path:
    """The folder of ``postgres`` and ``initdb``: Debian keeps them off the path, one folder for each version."""
    on_path = shutil.which("postgres")
    if on_path is not None:
        return Path(on_path).parent
    versions = sorted(_POSTGRESQL.glob("*/bin/postgres"), key=lambda program: int(program.parts[-3]))
    if not versions:
        raise ServerMissing(f"PostgreSQL's server is not installed: there is no {_POSTGRESQL}/*/bin/postgres")
    return versions[-1].parent


@contextlib.contextmanager
def running(server: OwnServer) -> Iterator[OwnServer]:
    """Start a server, wait until it serves, and stop it at the end."""
    try:
        server.start()
        server.wait()
        yield server
    finally:
        server.stop()
