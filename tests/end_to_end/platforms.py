"""Starting a whole Parley for a test: in one process, or as one process per service."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from openai import OpenAI

from tests import waiting
from tests.infrastructure import free_port
from tests.integration.places import Place

ADMIN_KEY = "pk-end-to-end-admin-key-0123456789abcdef"
SERVICES = ("gateway", "nlu", "generation", "recommendation", "monitoring", "channels", "training")
#: Seconds; far above what a start takes on two busy cores.
START_TIMEOUT = 780.0


@dataclass
class Platform:
    """A running Parley."""

    url: str
    home: Path
    environment: Mapping[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    key: str = field(default=ADMIN_KEY, repr=False)
    clients: list[OpenAI] = field(default_factory=list)

    def client(self) -> OpenAI:
        """The official client, with nothing but the base URL and the key set; closed when the platform stops."""
        self.clients.append(OpenAI(base_url=f"{self.url}/v1", api_key=self.key, max_retries=0, timeout=120))
        return self.clients[-1]

    def http(self) -> httpx.Client:
        """For the resources that the OpenAI convention lacks."""
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.key}"}, timeout=120)

    def log(self, name: str) -> str:
        """What a process wrote so far."""
        return (self.home / f"{name}.log").read_text("utf-8", errors="replace")

    def start(self, name: str, command: list[str]) -> None:
        """Start one process in its own group; its output goes to ``<name>.log``."""
        with (self.home / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command, env=dict(self.environment), stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )

    def stop(self) -> dict[str, int]:
        """End every process as an operator would; returns the exit codes."""
        for client in self.clients:
            client.close()
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        return {name: _ended(process) for name, process in self.processes.items()}


@contextmanager
def embedded(home: Path) -> Iterator[Platform]:
    """``parley up`` on a free port, ready to answer."""
    port = free_port()
    platform = Platform(f"http://127.0.0.1:{port}", home, _environment(home, port))
    try:
        platform.start("up", [sys.executable, "-m", "services.cli", "up"])
        wait_until_ready(platform)
        yield platform
    finally:
        platform.stop()


@contextmanager
def processes(where: Place) -> Iterator[Platform]:
    """One process per service; not ready before a model and a bot are there."""
    port = free_port()
    environment = _environment(where.home, port) | where.environment()
    environment |= {"PARLEY_TRAINING_LEASE_SECONDS": "6", "PARLEY_TRAINING_CHECKPOINT_SECONDS": "2"}
    platform = Platform(f"http://127.0.0.1:{port}", where.home, environment)
    with ExitStack() as stack:
        stack.callback(platform.stop)
        for name in SERVICES:
            platform.start(name, [sys.executable, "-m", f"services.{name}"])
        wait_for(lambda: _answers(f"{platform.url}/health"), "the gateway", platform)
        yield platform


def wait_until_ready(platform: Platform, timeout: float = START_TIMEOUT) -> None:
    """Return once the bot answers."""
    wait_for(lambda: _answers(f"{platform.url}/health/ready"), "readiness", platform, timeout)


def wait_for(condition: Callable[[], bool], what: str, platform: Platform, timeout: float = START_TIMEOUT) -> None:
    """Poll until ``condition()`` holds; a process that died ends the wait with its log."""

    def holds() -> bool:
        for name, process in platform.processes.items():
            assert process.poll() is None, f"{name} died:\n{platform.log(name)[-4000:]}"
        return condition()

    def told() -> str:
        return "\n".join([what, *(f"--- {name}\n{platform.log(name)[-2000:]}" for name in platform.processes)])

    waiting.wait_for(holds, timeout, told, pause=0.2)


def _environment(home: Path, port: int) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
    return inherited | {
        "PARLEY_HOME": str(home),
        "PARLEY_PORT": str(port),
        "PARLEY_API_KEY": ADMIN_KEY,
        "PARLEY_CONSOLE_PORT": "0",
        "PYTHONUNBUFFERED": "1",
    }


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _ended(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return -signal.SIGKILL
