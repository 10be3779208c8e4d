"""A bus on a real broker, under a prefix of the test's own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from uuid import uuid4

import pytest
from amqp.exceptions import NotFound

from shared.messaging.bus import Bus
from shared.messaging.connect import connect
from shared.messaging.rabbitmq.connection import BrokerConnection
from shared.messaging.topology import Queues
from tests.infrastructure import broker_url


@pytest.fixture(scope="session")
def broker() -> Iterator[str]:
    with broker_url() as url:
        yield url


@pytest.fixture
def prefix(broker: str) -> Iterator[str]:
    """Queues that belong to one process are removed by the broker itself, a minute later."""
    own = f"test-{uuid4().hex[:12]}."
    yield own
    link = BrokerConnection(broker, "test clean-up")
    for spec in Queues.SHARED:
        with contextlib.suppress(NotFound):
            link.channel().queue_delete(own + spec.name)
    for exchange in ("rpc", "events"):
        with contextlib.suppress(NotFound):
            link.channel().exchange_delete(own + exchange)
    link.close()


@pytest.fixture
def bus(broker: str, prefix: str) -> Iterator[Bus]:
    with connect(broker, prefix=prefix) as bus:
        yield bus
