"""The stack under test: RabbitMQ and PostgreSQL of its own, every service as processes, a model and a bot in production."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx

from shared.artifacts.layout import encoder_key, model_key
from shared.artifacts.store import open_store
from shared.starter import bot
from shared.storage.chat import bots
from shared.storage.database.engine import Database, open_database
from shared.storage.tables.core import Model
from shared.storage.training import models
from tests.bundles import TINY, Recipe, tiny_bundle
from tests.chaos.members import Member, Service
from tests.infrastructure import own_folder
from tests.servers import OwnBroker, OwnDatabase, free_port
from tests.unit.training.tiny_base import tiny_base
from tests.waiting import wait_for

SMALL = Recipe()

ADMIN_KEY = "pk-chaos-admin-key-0123456789abcdef0123"

#: Seconds within which a caller is promised an answer or an error: a third of the default, and still more than a swap takes on two
#: cores that train something else meanwhile (6 seconds were seen).
DEADLINE = 10.0
#: Seconds without a sign after which a worker has lost its job.
_LEASE = 4.0
#: Seconds that everything may take to start on a busy machine.
_START = 180.0

#: How many processes there are of each service.
REPLICAS: Mapping[str, int] = {
    "monitoring": 1,
    "nlu": 2,
    "generation": 2,
    "recommendation": 2,
    "training": 1,
    "gateway": 2,
}

_SETTINGS: Mapping[str, object] = {
    "api_key": ADMIN_KEY,
    "request_timeout_seconds": DEADLINE,
    "requests_per_minute": 1_000_000,
    "inference_threads": 1,
    "training_threads": 1,
    "training_lease_seconds": _LEASE,
    "training_checkpoint_seconds": 1,
    # The tiny model finds two texts of five negative: an alert fires on every stream, and goes on firing.
    "alert_share": 0.2,
    # Every kill of worker, trainer or database costs an attempt, and there are more of them than people are unlucky.
    "training_attempts": 100,
    "batch_lease_seconds": 4,
    # Webhooks are received on this host.
    "outbound_networks": "127.0.0.0/8",
}


@dataclass(frozen=True)
class Stack:
    """A running Parley.

    Attributes:
        members: Every process by name.
        gateways: URL by the name of the process.
        database: The same that the services use.
        model_id: In production; jobs go on from it.
    """

    home: Path
    members: Mapping[str, Member]
    gateways: Mapping[str, str]
    database: Database
    broker_url: str
    model_id: str

    def http(self, timeout: float) -> dict[str, httpx.Client]:
        """A client for each gateway; nothing is repeated by itself."""
        headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
        return {
            name: httpx.Client(base_url=url, headers=headers, timeout=timeout) for name, url in self.gateways.items()
        }

    def services(self, name: str) -> dict[str, Service]:
        """The processes of one service."""
        return {
            member: process
            for member, process in self.members.items()
            if isinstance(process, Service) and member.partition("-")[0] == name
        }


@contextmanager
def running(recipe: Recipe = SMALL) -> Iterator[Stack]:
    """A stack that answers, with a model of ``recipe`` in production.

    Raises:
        ServerMissing: RabbitMQ or PostgreSQL cannot be had here.
    """
    with ExitStack() as stack:
        home, mq, pg = (stack.enter_context(own_folder(name)) for name in ("chaos", "rabbitmq", "postgresql"))
        broker, server = OwnBroker(mq), OwnDatabase(pg)
        for own in (broker, server):
            stack.callback(own.stop)
            own.start()
        server.wait()
        database = stack.enter_context(open_database(server.url))
        publish(database, home, recipe, promote=True)
        _apply_bot(database)
        broker.wait()
        gateways, services = _services(home, broker.url, server.url)
        pool = stack.enter_context(ThreadPoolExecutor(len(services)))
        stack.callback(lambda: list(pool.map(Service.stop, services.values())))
        for service in services.values():
            service.start()
        members: dict[str, Member] = {"broker": broker, "database": server, **services}
        _wait(services, home)
        yield Stack(home, members, gateways, database, broker.url, recipe.model_id)


def publish(database: Database, home: Path, recipe: Recipe, *, promote: bool = False) -> None:
    """Do for a model what a job does at its end."""
    store = open_store(f"file://{home / 'artifacts'}")
    folder = home / "made" / str(recipe.seed)
    store.put_folder(model_key(recipe.model_id), tiny_bundle(folder / "bundle", recipe).folder)
    if recipe.size == TINY:  # jobs go on from small models only
        store.put_folder(encoder_key(recipe.model_id), tiny_base(folder / "encoder"))
    row = Model(id=recipe.model_id, task="nlu", base_model="tiny", created_at=time.time(), size_bytes=1)
    with database.transaction() as session:
        models.add(session, row)
        if promote:
            models.promote(session, "nlu", recipe.model_id, "chaos", time.time())


def _apply_bot(database: Database) -> None:
    with database.transaction() as session:
        bots.add(session, bot().read_text("utf-8"), "chaos", time.time())


def _services(home: Path, broker: str, database: str) -> tuple[dict[str, str], dict[str, Service]]:
    gateways: dict[str, str] = {}
    services: dict[str, Service] = {}
    for service, replicas in REPLICAS.items():
        for number in range(1, replicas + 1):
            name, port = f"{service}-{number}", free_port()
            url = f"http://127.0.0.1:{port}"
            environment = _environment(home, broker, database)
            if service == "gateway":
                gateways[name] = url
                environment["PARLEY_PORT"] = str(port)
            else:
                environment["PARLEY_HEALTH_PORT"] = str(port)
            health = "/health" if service == "gateway" else "/health/ready"
            services[name] = Service(service, environment, url, health, home / f"{name}.log")
    return gateways, services


def _environment(home: Path, broker: str, database: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
    places = {
        "home": home,
        "broker_url": broker,
        "database_url": database,
        "artifacts_url": f"file://{home / 'artifacts'}",
    }
    ours = {f"PARLEY_{name.upper()}": str(value) for name, value in {**_SETTINGS, **places}.items()}
    return inherited | ours | {"PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1", "GOMP_SPINCOUNT": "0"}


def _wait(services: Mapping[str, Service], home: Path) -> None:
    for name, service in services.items():
        wait_for(partial(_serves, service, name, home), _START, partial(_last_words, name, home))


def _serves(service: Service, name: str, home: Path) -> bool:
    assert service.alive, f"{name} died: {_last_words(name, home)}"
    return service.answers()


def _last_words(name: str, home: Path) -> str:
    log = (home / f"{name}.log").read_text("utf-8", errors="replace")
    return f"the log of {name}:\n{log[-4000:]}"
