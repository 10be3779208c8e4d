"""Wake-ups in: the bus of the embedded platform says that a job waits."""

from __future__ import annotations

from services.training.supervisor import Supervisor
from shared.contracts.jobs import JobQueued
from shared.messaging.handlers import Handlers, one_by_one


def build_handlers(supervisor: Supervisor) -> Handlers:
    """The table of message types and what is done with them."""

    def on_queued(wake_up: JobQueued) -> None:
        supervisor.run(wake_up.job_id)

    return {JobQueued: one_by_one(on_queued)}
