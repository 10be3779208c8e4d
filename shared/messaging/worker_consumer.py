"""Celery's worker without its delayed delivery, and with patience for a broker that refuses."""

from __future__ import annotations

import time
from typing import Any

from celery.worker.consumer import Consumer

from shared.messaging.rabbitmq.refusals import remedy
from shared.telemetry import logs

_DELAYED_DELIVERY = "celery.worker.consumer.delayed_delivery:DelayedDelivery"
#: Seconds before a broker that refused is asked again.
_PAUSE = 1.0

_log = logs.get(__name__)


class WorkerConsumer(Consumer):  # type: ignore[misc]  # celery is untyped
    """For a quorum queue Celery declares 28 more queues, for tasks with a countdown. We have none of those."""

    _refused = False

    class Blueprint(Consumer.Blueprint):  # type: ignore[misc]
        """The steps in which a worker starts."""

        default_steps = [step for step in Consumer.Blueprint.default_steps if step != _DELAYED_DELIVERY]  # noqa: RUF012

    def connect(self) -> Any:
        """Connect; waits for a broker that is away."""
        connection = super().connect()
        self._refused = False
        return connection

    def on_connection_error_before_connected(self, exc: BaseException) -> None:
        """Tell once of a broker that refuses, and let a moment pass: Celery asks and tells again at once, six times a second."""
        to_do = remedy(exc)
        if to_do is None:
            super().on_connection_error_before_connected(exc)
            return
        if not self._refused:
            self._refused = True
            reason = f"{type(exc).__name__}: {exc}"
            _log.error("broker refuses; trying for ever", connection="celery worker", reason=reason, remedy=to_do)
        time.sleep(_PAUSE)
