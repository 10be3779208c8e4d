"""The services of the chat benchmarks: one process each, on RabbitMQ and PostgreSQL, with what they cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil

from shared.artifacts.bundle import Bundle
from shared.artifacts.layout import model_key
from shared.artifacts.store import open_store
from shared.starter import bot
from shared.storage.chat import bots
from shared.storage.database.engine import open_database
from shared.storage.tables.core import Model
from shared.storage.training import models
from tests.end_to_end.platforms import ADMIN_KEY, Platform, wait_for
from tests.infrastructure import free_port
from tests.integration.places import Place, place
from tests.load.chat_client import Seen
from tests.load.chat_model import MODEL_ID

#: Server processes of the machine whose CPU belongs to the bill.
_SHARED = {"broker": "beam.smp", "database": "postgres"}


class Stack:
    """A running platform.

    Args:
        platform: Its processes.
        port: Of the gateway.
    """

    def __init__(self, platform: Platform, port: int) -> None:
        self.platform = platform
        self.port = port

    def start(self, name: str, module: str, *arguments: str) -> None:
        """One more process."""
        self.platform.start(name, [sys.executable, "-m", module, *arguments])

    def wait_until_answering(self) -> None:
        """Return once a turn is answered."""
        wait_for(self._answers, "an answer", self.platform, timeout=60)

    def load(
        self, *, clients: int, seconds: float, rate: float | None = None, endpoint: str = "chat"
    ) -> tuple[Seen, dict[str, float]]:
        """Put load on it; what the clients saw, and the seconds of CPU that each process took meanwhile."""
        before = self._cpu()
        seen = load(self.port, ADMIN_KEY, clients=clients, seconds=seconds, rate=rate, endpoint=endpoint)
        spent = {name: after - before.get(name, 0.0) for name, after in self._cpu().items()}
        return seen, spent | {"clients": seen.cpu}

    def _cpu(self) -> dict[str, float]:
        services = {name: cpu_seconds(process.pid) for name, process in self.platform.processes.items()}
        return services | {name: _cpu_of_all(program) for name, program in _SHARED.items()}

    def _answers(self) -> bool:
        body = {"model": "parley", "messages": [{"role": "user", "content": "hello"}]}
        try:
            with self.platform.http() as http:
                return http.post("/v1/chat/completions", json=body, timeout=5).is_success
        except httpx.HTTPError:
            return False


@contextmanager
def stack(bundle: Bundle, settings: dict[str, str]) -> Iterator[Stack]:
    """Gateway, generation and monitoring with the starter bot, the model in production, and no nlu yet."""
    with TemporaryDirectory(prefix="parley-bench-") as folder, place("stack", Path(folder)) as where:
        _publish(where, bundle)
        port = free_port()
        platform = Platform(f"http://127.0.0.1:{port}", where.home, _environment(where, port) | settings)
        running = Stack(platform, port)
        try:
            for name in ("monitoring", "generation", "gateway"):
                running.start(name, f"services.{name}")
            yield running
        finally:
            platform.stop()


def load(
    port: int, key: str, *, clients: int, seconds: float, rate: float | None = None, endpoint: str = "chat"
) -> Seen:
    """Run the client in a process of its own."""
    command = [sys.executable, "-m", "tests.load.chat_client", "--port", str(port), "--key", key]
    command += ["--clients", str(clients), "--seconds", str(seconds), "--endpoint", endpoint]
    command += ["--rate", str(rate)] if rate else []
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Seen(**json.loads(output))


def cpu_seconds(pid: int) -> float:
    """Seconds of CPU that a process took so far."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def _cpu_of_all(program: str) -> float:
    spent = 0.0
    for process in psutil.process_iter(["name"]):
        if process.info["name"] == program:
            try:
                spent += cpu_seconds(process.pid)
            except psutil.NoSuchProcess:
                continue  # a connection's server ended meanwhile
    return spent


def _environment(where: Place, port: int) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
    gateway = {"PARLEY_PORT": str(port), "PARLEY_API_KEY": ADMIN_KEY, "PARLEY_REQUESTS_PER_MINUTE": "1000000000"}
    return inherited | where.environment() | gateway


def _publish(where: Place, bundle: Bundle) -> None:
    settings = where.settings()
    open_store(str(settings["artifacts_url"])).put_folder(model_key(MODEL_ID), bundle.folder)
    with open_database(where.database_url) as database, database.transaction() as session:
        now = time.time()
        models.add(session, Model(id=MODEL_ID, task="nlu", base_model="minilm", created_at=now, size_bytes=1))
        models.promote(session, "nlu", MODEL_ID, "benchmark", now)
        bots.add(session, bot().read_text("utf-8"), "benchmark", now)
