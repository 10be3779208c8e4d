"""Tells what alerts do, at least once: what could not be told is still owed, and told later."""

from __future__ import annotations

import threading

from shared.contracts.monitoring.sentiment import AlertRaised
from shared.errors import TooManyRequests, Unavailable
from shared.messaging.bus import Publisher
from shared.messaging.envelope import envelope
from shared.storage.database.engine import Database
from shared.storage.monitoring import alerts
from shared.storage.tables.core import Alert
from shared.telemetry import logs

_log = logs.get(__name__)


class AlertNotifier:
    """Publishes each change of an alert, and notes it as told once the broker has confirmed it."""

    def __init__(self, database: Database, publisher: Publisher) -> None:
        self._database = database
        self._publisher = publisher
        self._lock = threading.Lock()

    def catch_up(self) -> None:
        """Tell everything that is owed. May be called from any thread; a broker that is away leaves it owed."""
        with self._lock:
            with self._database.reading() as session:
                owed = alerts.unannounced(session)
            for alert in owed:
                try:
                    self._publisher.publish([envelope(_raised(alert))])
                except (Unavailable, TooManyRequests) as error:
                    _log.warning("alert not told yet; it is tried again", alert=alert.id, reason=error.message)
                    return
                with self._database.transaction() as session:
                    alerts.mark_announced(session, alert.id, alert.state)


def _raised(alert: Alert) -> AlertRaised:
    return AlertRaised(
        alert_id=alert.id,
        state=alert.state,
        stream=alert.stream,
        share=alert.share,
        volume=alert.volume,
        evidence=tuple(alert.evidence),
        at=alert.resolved_at if alert.resolved_at is not None else alert.opened_at,
    )
