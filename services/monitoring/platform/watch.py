"""Looks at what all services stand on: the broker and its queues, the sources, the channels."""

from __future__ import annotations

from collections.abc import Callable

from services.monitoring.platform.inputs import KEPT_SECONDS
from shared.errors import Unavailable
from shared.messaging.bus import Bus
from shared.messaging.topology import Queues
from shared.storage import processes
from shared.storage.chat import inputs
from shared.storage.database.engine import Database
from shared.storage.monitoring import alert_channels, stream_sources, troubles
from shared.telemetry import logs, metrics

_log = logs.get(__name__)

#: All that a source can be.
_STATES = ("new", "fine", "failing")


class PlatformWatch:
    """Keeps the gauges of what all stand on, and notes when the broker is away.

    Args:
        bus: The broker.
        database: Where that is noted.
        clock: Unix seconds.
    """

    def __init__(self, bus: Bus, database: Database, clock: Callable[[], float]) -> None:
        self._bus = bus
        self._database = database
        self._clock = clock
        self._away_since: float | None = None

    def is_cut_off(self) -> bool:
        """Whether nothing can come in at present, since the broker is away."""
        return self._away_since is not None

    def look(self) -> None:
        """Look once.

        Raises:
            Unavailable: The database is away.
        """
        self._look_at_broker()
        with self._database.reading() as session:
            states = stream_sources.states(session)
            failing = alert_channels.failing(session)
        for state in _STATES:
            metrics.SOURCES.labels(state).set(states.get(state, 0))
        metrics.CHANNELS_FAILING.set(failing)

    def prune(self) -> None:
        """Forget what is long over."""
        with self._database.transaction() as session:
            troubles.prune(session, self._clock())
            processes.prune(session, self._clock())
            inputs.prune(session, self._clock() - KEPT_SECONDS)

    def _look_at_broker(self) -> None:
        try:
            loads = self._bus.loads(Queues.SHARED)
        except Unavailable as error:
            self._away(error.message)
            return
        for queue, load in zip(Queues.SHARED, loads, strict=True):
            if load is not None:
                metrics.QUEUE_MESSAGES.labels(queue.name).set(load.waiting)
                metrics.QUEUE_CONSUMERS.labels(queue.name).set(load.consumers)
        self._back()

    def _away(self, why: str) -> None:
        metrics.BROKER_UP.set(0)
        if self._away_since is None:
            self._away_since = self._clock()
            _log.warning("broker away: nothing comes in, and no silence is an alert", reason=why)
        with self._database.transaction() as session:
            troubles.begin(session, "broker_away", self._away_since, why)

    def _back(self) -> None:
        metrics.BROKER_UP.set(1)
        with self._database.transaction() as session:
            over = troubles.end(session, "broker_away", self._clock())
        if over:
            _log.info("broker is back")
        self._away_since = None
