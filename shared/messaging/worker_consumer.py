"""Celery's worker without its delayed delivery."""

from __future__ import annotations

from celery.worker.consumer import Consumer

_DELAYED_DELIVERY = "celery.worker.consumer.delayed_delivery:DelayedDelivery"


class WorkerConsumer(Consumer):  # type: ignore[misc]  # celery is untyped
    """For a quorum queue Celery declares 28 more queues, for tasks with a countdown. We have none of those."""

    class Blueprint(Consumer.Blueprint):  # type: ignore[misc]
        """The steps in which a worker starts."""

        default_steps = [step for step in Consumer.Blueprint.default_steps if step != _DELAYED_DELIVERY]  # noqa: RUF012
