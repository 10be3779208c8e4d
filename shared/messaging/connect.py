"""From a broker URL to a bus: the only place that knows which kinds there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from shared.errors import SettingsError
from shared.messaging.bus import Bus
from shared.messaging.memory.bus import MemoryBus
from shared.messaging.rabbitmq.bus import RabbitBus


class _MemoryBuses:
    """The in-process buses by URL, each kept while somebody is connected to it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open: dict[tuple[str, str], tuple[MemoryBus, int]] = {}

    @contextmanager
    def join(self, address: tuple[str, str]) -> Iterator[MemoryBus]:
        with self._lock:
            bus, users = self._open.get(address) or (MemoryBus(), 0)
            self._open[address] = (bus, users + 1)
        try:
            yield bus
        finally:
            with self._lock:
                users = self._open[address][1] - 1
                self._open[address] = (bus, users)
                if not users:
                    del self._open[address]
                    bus.close()


_MEMORY_BUSES = _MemoryBuses()


@contextmanager
def connect(broker_url: str, *, prefix: str = "") -> Iterator[Bus]:
    """Open the bus that ``broker_url`` names.

    Args:
        broker_url: ``memory://`` or ``memory://name``: everybody in this process who gives the same URL shares one bus.
            ``amqp://`` or ``amqps://``: RabbitMQ; a broker that is away is waited for, not an error.
        prefix: Put before every exchange and queue, so that several Parleys can share a broker.

    Raises:
        SettingsError: The URL has another scheme.
    """
    scheme = broker_url.partition("://")[0]
    if scheme == "memory":
        with _MEMORY_BUSES.join((broker_url, prefix)) as bus:
            yield bus
    elif scheme in ("amqp", "amqps"):
        yield RabbitBus(broker_url, prefix)
    else:
        raise SettingsError(
            f"PARLEY_BROKER_URL begins with {scheme!r}; use memory://, amqp:// or amqps://", param="broker_url"
        )
