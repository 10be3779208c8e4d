"""The story of a job: its events, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from services.training.lease import Lease
from services.training.outbox import Outbox
from shared.contracts.jobs import TrainingProgressed
from shared.storage import jobs
from shared.storage.engine import Session
from shared.storage.tables import EventLevel

#: Events read at a time.
_PAGE = 500


class Journal:
    """Writes for one job, under its lease.

    Args:
        lease: Of the job.
        outbox: Where watchers are told that there is something new.
    """

    def __init__(self, lease: Lease, outbox: Outbox) -> None:
        self._lease = lease
        self._outbox = outbox

    def tell(self, message: str, data: Mapping[str, Any] | None = None, *, level: EventLevel = "info") -> None:
        """Write an event for the owner of the job.

        Args:
            message: A sentence.
            data: Figures behind it.
            level: How bad it is.

        Raises:
            LeaseLost: The job is no longer ours.
        """
        lease, now = self._lease, self._lease.clock()
        lease.write(lambda session: jobs.add_event(session, lease.job_id, level, "message", message, data or {}, now))

    def figures(self, message: str, data: dict[str, Any], *, seconds_left: float | None = None) -> None:
        """Write a metrics event, and when the job will probably be done.

        Args:
            message: One line for people.
            data: Figures under the names of the OpenAI convention where it has one; ``step`` and ``total_steps``.
            seconds_left: Until the end of training, if it can be told.

        Raises:
            LeaseLost: The job is no longer ours.
        """
        lease, now = self._lease, self._lease.clock()

        def write(session: Session) -> None:
            jobs.add_event(session, lease.job_id, "info", "metrics", message, data, now)
            if seconds_left is not None:
                jobs.report(session, lease.job_id, lease.token, estimated_finish=now + seconds_left)

        lease.write(write)
        self._outbox.send(
            TrainingProgressed(
                job_id=lease.job_id, status="running", step=data["step"], total_steps=data["total_steps"]
            )
        )

    def recorded_figures(self) -> list[dict[str, Any]]:
        """The data of every metrics event so far, oldest first; those of earlier attempts included."""
        found: list[dict[str, Any]] = []
        after: str | None = None
        while True:
            page = self._lease.read(partial(jobs.events, job_id=self._lease.job_id, after=after, limit=_PAGE))
            found += [event.data for event in page.items if event.type == "metrics"]
            if not page.has_more:
                return found[::-1]
            after = page.items[-1].id
