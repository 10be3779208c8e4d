"""Celery's worker without its delayed delivery, and with patience for a broker that refuses."""

from __future__ import annotations

import time
from typing import Any

from celery.worker.consumer import Consumer

from shared.messaging.rabbitmq.refusal_log import RefusalLog

_DELAYED_DELIVERY = "celery.worker.consumer.delayed_delivery:DelayedDelivery"
#: Seconds before a broker that refused is asked again.
_PAUSE = 1.0


class WorkerConsumer(Consumer):  # type: ignore[misc]  # celery is untyped
    """For a quorum queue Celery declares 28 more queues, for tasks with a countdown. We have none of those."""

    class Blueprint(Consumer.Blueprint):  # type: ignore[misc]
        """The steps in which a worker starts."""

        default_steps = [step for step in Consumer.Blueprint.default_steps if step != _DELAYED_DELIVERY]  # noqa: RUF012

    def __init__(self, *args: Any, **options: Any) -> None:
        self._refusals = RefusalLog("celery worker")
        super().__init__(*args, **options)

    def connect(self) -> Any:
        """Connect; waits for a broker that is away."""
        connection = super().connect()
        self._refusals.over()
        return connection

    def on_connection_error_before_connected(self, exc: BaseException) -> None:
        """Tell once of a broker that refuses, and let a moment pass: Celery asks and tells again at once, six times a second."""
        if self._refusals.tell(exc):
            time.sleep(_PAUSE)
        else:
            super().on_connection_error_before_connected(exc)
