"""Wake-ups for training workers: over Celery where there is RabbitMQ, over the bus inside one process.

The job row is the truth (see ``shared.storage.training.jobs``): a wake-up that is lost or doubled costs nothing but time.
"""

from __future__ import annotations

from typing import Any, Protocol

from celery import Celery
from kombu.entity import Exchange as CeleryExchange
from kombu.entity import Queue as CeleryQueue
from kombu.exceptions import OperationalError

from shared.contracts.message import Exchange
from shared.contracts.training.jobs import JobQueued
from shared.errors import Unavailable
from shared.messaging.bus import Publisher
from shared.messaging.envelope import envelope
from shared.messaging.rabbitmq.connection import CONNECTION_ERRORS, tls_options
from shared.messaging.rabbitmq.declaration import queue_arguments
from shared.messaging.topology import Queues

TRAIN_TASK = "parley.train"
"""The Celery task; its only argument is the job id."""

#: Seconds for sending a wake-up, and for its confirmation.
_PATIENCE = 5.0


class JobQueue(Protocol):
    """Tells training workers that there is work."""

    def wake(self, job_id: str) -> None:
        """A job waits. Raises ``Unavailable`` if nobody can be told now; the reaper will do it later."""


class BusJobQueue:
    """Publishes ``JobQueued``."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    def wake(self, job_id: str) -> None:
        """See ``JobQueue``."""
        self._publisher.publish([envelope(JobQueued(job_id=job_id))])


class CeleryJobQueue:
    """Sends ``TRAIN_TASK``, each time over a connection of its own: jobs are rare, and a kept connection goes stale."""

    def __init__(self, broker_url: str, prefix: str) -> None:
        self._app = celery_app(broker_url, prefix)

    def wake(self, job_id: str) -> None:
        """See ``JobQueue``."""
        try:
            with self._app.connection_for_write() as connection:
                connection.ensure_connection(max_retries=1)
                self._app.send_task(
                    TRAIN_TASK,
                    args=(job_id,),
                    connection=connection,
                    retry=False,
                    timeout=_PATIENCE,
                    confirm_timeout=_PATIENCE,
                )
        except (OperationalError, *CONNECTION_ERRORS) as error:
            raise Unavailable(f"no training worker could be told of {job_id}: {error}") from error


def job_queue(broker_url: str, publisher: Publisher, prefix: str) -> JobQueue:
    """The job queue that belongs to a broker."""
    if broker_url.startswith(("amqp://", "amqps://")):
        return CeleryJobQueue(broker_url, prefix)
    return BusJobQueue(publisher)


def celery_app(broker_url: str, prefix: str) -> Celery:
    """The Celery application of the training workers; they register ``TRAIN_TASK`` on it."""
    app = Celery("parley", broker=broker_url, set_as_current=False)
    app.conf.update(_settings(prefix), broker_use_ssl=tls_options(broker_url))
    return app


def _settings(prefix: str) -> dict[str, Any]:
    spec = Queues.TRAIN_CPU
    name = prefix + spec.name
    queue = CeleryQueue(  # type: ignore[no-untyped-call]
        name,
        CeleryExchange(prefix + Exchange.RPC.value, type="direct", durable=True),  # type: ignore[no-untyped-call]
        routing_key=spec.bindings[0].key,
        queue_arguments=queue_arguments(spec, prefix),
    )
    return {
        "task_queues": [queue],
        "task_default_queue": name,
        "task_create_missing_queues": False,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        # Acknowledged before it starts: RabbitMQ takes back what is unsettled for 30 minutes, and training takes longer.
        "task_acks_late": False,
        "worker_pool": "prefork",
        "worker_concurrency": 1,
        "worker_prefetch_multiplier": 1,
        # The one wake-up that is prefetched while a job runs may be taken back for the same reason; that closes the
        # channel, which must not end the worker or the job.
        "broker_channel_error_retry": True,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_consumer": "shared.messaging.celery.worker_consumer:WorkerConsumer",
        "worker_enable_remote_control": False,
        "worker_hijack_root_logger": False,
        "broker_heartbeat": 30,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": {"confirm_publish": True},
    }
