"""Composition root of monitoring."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from services.monitoring.alerts.notifier import AlertNotifier
from services.monitoring.handlers import build_handlers
from services.monitoring.sentiment.share_rule import SurgeRule
from services.monitoring.sentiment.surge_detector import SurgeDetector
from services.monitoring.settings import MonitoringSettings
from shared.background import Ticker
from shared.messaging.connect import connect
from shared.messaging.consuming.consumer import Consumer
from shared.messaging.topology import Queues
from shared.storage.engine import open_database
from shared.telemetry.health import Health

#: Seconds after which an alert ends, or is told again after a failure, without a new text.
_TICK_SECONDS = 5.0
_PRUNE_SECONDS = 3600.0
_DAY = 86_400.0


@contextmanager
def running(settings: MonitoringSettings) -> Iterator[Health]:
    """Start watching; on exit the batch under way is finished, everything else stays in the queue.

    Raises:
        SettingsError: A URL is wrong.
        Unavailable: The database cannot be reached.
    """
    rule = SurgeRule(settings.alert_window_seconds, settings.alert_share, settings.alert_min_volume)
    with ExitStack() as stack:
        database = stack.enter_context(open_database(settings.database))
        bus = stack.enter_context(connect(settings.broker_url, prefix=settings.broker_prefix))
        publisher = stack.enter_context(bus.publisher())
        watch, announcements = SurgeDetector(database, rule, time.time), AlertNotifier(database, publisher)

        def tick() -> None:
            watch.judge_firing()
            announcements.catch_up()

        def prune() -> None:
            watch.prune(settings.observations_days * _DAY)

        handlers = build_handlers(watch, announcements)
        consumer = stack.enter_context(Consumer(bus, Queues.MONITORING, handlers, publisher=publisher))
        stack.enter_context(Ticker("monitoring-tick", tick, _TICK_SECONDS))
        stack.enter_context(Ticker("monitoring-prune", prune, _PRUNE_SECONDS))
        yield Health({"broker": consumer.refusal}, vital={"consumer": consumer.problem})
