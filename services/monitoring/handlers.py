"""Observations and documents in, counts and alerts out."""

from __future__ import annotations

from collections.abc import Sequence

from services.monitoring.alerts.backtest import backtest
from services.monitoring.alerts.notifier import AlertNotifier
from services.monitoring.platform.inputs import keep
from services.monitoring.sentiment.surge_detector import SurgeDetector
from services.monitoring.streams.counted import Watcher, of_observations
from services.monitoring.streams.intake import DocumentIntake
from shared.contracts.monitoring.backtests import BacktestStream, StreamBacktested
from shared.contracts.monitoring.inputs import InputsObserved
from shared.contracts.monitoring.sentiment import SentimentObserved
from shared.contracts.monitoring.streams import DocumentsReceived
from shared.messaging.consuming.handlers import Handlers, one_by_one
from shared.storage.database.engine import Database


def build_handlers(
    database: Database, watch: SurgeDetector, announcements: AlertNotifier, on_counted: Watcher
) -> Handlers:
    """What is done with observations. All that came together is counted in one transaction."""

    def on_observed(messages: Sequence[SentimentObserved]) -> list[None]:
        observations = [item for message in messages for item in message.observations]
        watch.count(observations)
        on_counted(of_observations(observations))
        announcements.catch_up()
        return [None] * len(messages)

    def on_inputs(messages: Sequence[InputsObserved]) -> list[None]:
        keep(database, messages)
        return [None] * len(messages)

    return {SentimentObserved: on_observed, InputsObserved: on_inputs}


def build_backtest_handlers(database: Database) -> Handlers:
    """What is done with questions about the past."""

    def on_backtest(asked: BacktestStream) -> StreamBacktested:
        return backtest(database, asked)

    return {BacktestStream: one_by_one(on_backtest)}


def build_document_handlers(intake: DocumentIntake) -> Handlers:
    """What is done with documents: they wait for nlu, so that they have a queue and threads of their own."""

    def on_documents(messages: Sequence[DocumentsReceived]) -> list[None]:
        intake.take(messages)
        return [None] * len(messages)

    return {DocumentsReceived: on_documents}
