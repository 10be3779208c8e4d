"""Where services run in a test: in one process on SQLite, or on RabbitMQ and PostgreSQL."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from uuid import uuid4

import amqp

from shared.contracts.message import Exchange
from shared.messaging.topology import Queues
from tests.infrastructure import broker_url, database_url

Kind = Literal["embedded", "stack"]
KINDS: tuple[Kind, ...] = ("embedded", "stack")


@dataclass(frozen=True)
class Place:
    """The addresses of one Parley, which nobody else uses."""

    home: Path
    broker_url: str
    broker_prefix: str
    database_url: str

    def settings(self) -> dict[str, object]:
        """As arguments of any settings class."""
        return {
            "home": self.home,
            "broker_url": self.broker_url,
            "broker_prefix": self.broker_prefix,
            "database_url": self.database_url,
            "artifacts_url": f"file://{self.home / 'artifacts'}",
        }

    def environment(self) -> dict[str, str]:
        """As the environment of a process."""
        return {f"PARLEY_{name.upper()}": str(value) for name, value in self.settings().items()}


@contextlib.contextmanager
def place(kind: Kind, home: Path) -> Iterator[Place]:
    """A place of the kind; what it left on the broker and in the database is removed at the end."""
    name = f"test-{uuid4().hex[:12]}"
    if kind == "embedded":
        yield Place(home, f"memory://{name}", "", f"sqlite:///{home / 'parley.db'}")
        return
    with broker_url() as broker, database_url() as database:
        try:
            yield Place(home, broker, f"{name}.", database)
        finally:
            clean(broker, f"{name}.")


def clean(url: str, prefix: str) -> None:
    """Remove from a broker what does not expire by itself."""
    parts = urlsplit(url)
    with amqp.Connection(
        f"{parts.hostname}:{parts.port or 5672}", userid=parts.username, password=parts.password
    ) as connection:
        channel = connection.channel()
        for queue in Queues.SHARED:
            channel.queue_delete(prefix + queue.name)
        for exchange in (Exchange.RPC, Exchange.EVENTS):
            channel.exchange_delete(prefix + exchange.value)
