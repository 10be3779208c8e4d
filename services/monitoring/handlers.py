"""Observations in, counts and alerts out."""

from __future__ import annotations

from collections.abc import Sequence

from services.monitoring.alerts.notifier import AlertNotifier
from services.monitoring.sentiment.surge_detector import SurgeDetector
from shared.contracts.sentiment import SentimentObserved
from shared.messaging.consuming.handlers import Handlers


def build_handlers(watch: SurgeDetector, announcements: AlertNotifier) -> Handlers:
    """What is done with messages. All that came together is counted in one transaction."""

    def on_observed(messages: Sequence[SentimentObserved]) -> list[None]:
        watch.count([item for message in messages for item in message.observations])
        announcements.catch_up()
        return [None] * len(messages)

    return {SentimentObserved: on_observed}
