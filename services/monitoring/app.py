"""Composition root of monitoring."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from uuid import uuid4

from services.monitoring.alerts.engine import AlertEngine
from services.monitoring.alerts.notifier import AlertNotifier
from services.monitoring.connectors.fetched import Reach
from services.monitoring.connectors.fetching import SourceFetcher
from services.monitoring.delivery.courier import Courier
from services.monitoring.handlers import build_backtest_handlers, build_document_handlers, build_handlers
from services.monitoring.platform.alerts import PlatformAlerts
from services.monitoring.platform.watch import PlatformWatch
from services.monitoring.reading.inference import Inference
from services.monitoring.reading.reader import DocumentReader
from services.monitoring.sentiment.share_rule import SurgeRule
from services.monitoring.sentiment.surge_detector import SurgeDetector
from services.monitoring.settings import MonitoringSettings
from services.monitoring.streams.counted import Counted, Watcher
from services.monitoring.streams.intake import DocumentIntake
from services.monitoring.streams.lag import IngestLag
from services.monitoring.streams.reanalysis import Reanalyser
from services.monitoring.streams.retention import prune_streams
from shared.background import Ticker
from shared.messaging.bus import Bus, Publisher
from shared.messaging.connect import connect
from shared.messaging.consuming.consumer import Consumer
from shared.messaging.requesting.requester import Requester
from shared.messaging.topology import Queues
from shared.outbound.client import OutboundClient
from shared.presence import present
from shared.storage.database.engine import Database, open_database
from shared.telemetry.health import Health

#: Seconds after which an alert ends, or is told again after a failure, without a new text.
_TICK_SECONDS = 5.0
_PRUNE_SECONDS = 3600.0
#: Seconds between a text that was counted and the look at what it means.
_LOOK_SECONDS = 1.0
#: Seconds between two looks for sources that are due.
_FETCH_SECONDS = 5.0
#: Seconds between two looks at broker and queues.
_PLATFORM_SECONDS = 5.0
#: Seconds between two looks for spans that are to be read again.
_REANALYSE_SECONDS = 3.0
#: Seconds between two looks at what models are asked, and which services are there.
_OWN_SECONDS = 15.0
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
        lag = IngestLag(time.time)
        platform = PlatformWatch(bus, database, time.time)
        own = PlatformAlerts(database, time.time)
        engine = AlertEngine(database, time.time, time.monotonic, lambda: platform.is_cut_off() or lag.is_behind())
        courier = Courier(database, settings.outbound_networks, time.time)

        def tick() -> None:
            watch.judge_firing()
            engine.escalate()
            announcements.catch_up()

        def look() -> None:
            engine.look()
            announcements.catch_up()

        def on_counted(counted: Sequence[Counted]) -> None:
            engine.changed(one.stream for one in counted)

        def prune() -> None:
            watch.prune(settings.observations_days * _DAY)
            prune_streams(database, time.time())
            courier.prune()
            platform.prune()

        handlers = build_handlers(database, watch, announcements, on_counted)
        consumer = stack.enter_context(Consumer(bus, Queues.MONITORING, handlers, publisher=publisher))
        past = build_backtest_handlers(database)
        stack.enter_context(Consumer(bus, Queues.BACKTESTS, past, publisher=publisher, batch_size=1))
        readers = _document_consumers(settings, stack, bus, publisher, database, on_counted, lag)
        stack.enter_context(Ticker("monitoring-tick", tick, _TICK_SECONDS))
        stack.enter_context(Ticker("monitoring-alerts", look, _LOOK_SECONDS))
        stack.enter_context(Ticker("monitoring-courier", courier.deliver_due, _LOOK_SECONDS))
        stack.enter_context(Ticker("monitoring-platform", platform.look, _PLATFORM_SECONDS))
        stack.enter_context(Ticker("monitoring-own-alerts", own.look, _OWN_SECONDS))
        stack.enter_context(Ticker("monitoring-prune", prune, _PRUNE_SECONDS))
        networks = settings.outbound_networks
        reach = Reach(OutboundClient(networks), settings.source_folder, settings.source_logins)
        fetcher = SourceFetcher(database, publisher, reach, time.time)
        for number in range(settings.source_threads):
            stack.enter_context(Ticker(f"monitoring-sources-{number}", fetcher.fetch_due, _FETCH_SECONDS))
        vital = {f"documents-{number}": one.problem for number, one in enumerate(readers)}
        health = Health({"broker": consumer.refusal}, vital={"consumer": consumer.problem, **vital})
        stack.enter_context(present(database, "monitoring", health.report, lambda: {**lag.facts(), **own.facts()}))
        yield health


def _document_consumers(
    settings: MonitoringSettings,
    stack: ExitStack,
    bus: Bus,
    publisher: Publisher,
    database: Database,
    on_counted: Watcher,
    lag: IngestLag,
) -> list[Consumer]:
    """Several, so that one writes what it has read while nlu reads for another."""
    requester = stack.enter_context(Requester(bus, f"monitoring-{uuid4().hex}"))
    inference = Inference(requester, settings.reading_timeout_seconds)
    consumers = [
        Consumer(
            bus,
            Queues.DOCUMENTS,
            build_document_handlers(DocumentIntake(database, DocumentReader(inference), on_counted, lag)),
            publisher=publisher,
            batch_size=settings.documents_batch,
        )
        for _ in range(settings.document_consumers)
    ]
    for consumer in consumers:
        stack.enter_context(consumer)
    again = Reanalyser(database, DocumentReader(inference), time.time, lambda: inference.is_closed)
    stack.enter_context(Ticker("monitoring-reanalyses", again.work, _REANALYSE_SECONDS))
    stack.callback(inference.close)  # first of all on the way out: a batch that waits for nlu goes back to the queue
    return consumers
