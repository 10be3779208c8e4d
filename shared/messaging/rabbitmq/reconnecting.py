"""A link that is made again for ever when it breaks."""

from __future__ import annotations

import time
from collections.abc import Callable

from shared.messaging.rabbitmq.connection import BrokerConnection
from shared.messaging.rabbitmq.refusal_log import RefusalLog
from shared.messaging.rabbitmq.wakeup_socket import WakeupSocket
from shared.retrying import Backoff
from shared.telemetry import logs, metrics

#: Between attempts to connect.
_BACKOFF = Backoff(first=0.1, longest=1.0)

_log = logs.get(__name__)


class ReconnectingConnection:
    """Keeps one thread connected; an outage is logged once when it begins, once if the broker refuses, and once when it ends.

    Args:
        url: The broker.
        role: What the connection is for, in metrics.
        name: The same with the queue, in logs and on the broker's management page.
        prepare: Declares and subscribes on a fresh link.
        waker: Ends waiting, for work or for the end.
    """

    def __init__(
        self, url: str, role: str, name: str, prepare: Callable[[BrokerConnection], None], waker: WakeupSocket
    ) -> None:
        self._url = url
        self._role = role
        self._name = name
        self._prepare = prepare
        self._waker = waker
        self._link: BrokerConnection | None = None
        self._pause = 0.0
        self._away_since: float | None = time.monotonic()
        self._attempts = 0
        self._was_up = False
        self._refusals = RefusalLog(name)

    @property
    def current(self) -> BrokerConnection | None:
        """The link if it stands; never connects."""
        return self._link

    @property
    def away_for(self) -> float:
        """Seconds since the connection was lost, or not made; 0 while it stands."""
        since = self._away_since
        return 0.0 if since is None else time.monotonic() - since

    @property
    def refusal(self) -> str | None:
        """Why the broker refuses us, while it does."""
        return self._refusals.reason

    def link(self, seconds: float) -> BrokerConnection | None:
        """The link. Without one: one attempt to make it, after a pause that ``seconds`` or a wake-up may cut short."""
        if self._link is not None:
            return self._link
        if self._pause > 0:
            started = time.monotonic()
            self._waker.sleep(min(self._pause, seconds))
            self._pause -= time.monotonic() - started
            if self._pause > 0:
                return None
        self._connect()
        return self._link

    def lost(self, error: BaseException) -> None:
        """The link raised one of ``CONNECTION_ERRORS``."""
        self.close()
        # Not at once: a broker that hangs up on us each time must not be called in a tight loop.
        self._pause = _BACKOFF.first
        if self._away_since is None:
            self._away_since = time.monotonic()
            metrics.BUS_RECONNECTS.labels(self._role).inc()
            _log.warning("broker lost; connecting again", connection=self._name, reason=_told(error))

    def abort(self) -> None:
        """Cut the link under its thread. From any thread."""
        link = self._link
        if link is not None:
            link.abort()

    def close(self) -> None:
        """Let the link go."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _connect(self) -> None:
        # To what it does not expect py-amqp raises anything; a thread that died of it would never connect again.
        try:
            link = BrokerConnection(self._url, f"parley {self._name}")
        except Exception as error:  # noqa: BLE001
            self._failed(error)
            return
        try:
            self._prepare(link)
            link.watch(self._waker)
        except Exception as error:  # noqa: BLE001
            link.close()
            self._failed(error)
            return
        if self._was_up or self._attempts:
            _log.info("broker is back", connection=self._name, away_seconds=round(self.away_for, 1))
        self._link, self._away_since, self._was_up, self._attempts = link, None, True, 0
        self._refusals.over()

    def _failed(self, error: BaseException) -> None:
        if not self._refusals.tell(error) and not self._was_up and not self._attempts:
            _log.warning("broker not reached; trying for ever", connection=self._name, reason=_told(error))
        self._pause = _BACKOFF.pause(self._attempts)
        self._attempts += 1


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
