"""The story of a job: its events, and how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from services.training.fitting.callback import StepReport, ValidationReport
from services.training.jobs.channel import Channel
from services.training.jobs.lease import JobLease
from services.training.tracking.tracker import Point, unbroken
from shared.contracts.training.jobs import TrainingProgressed
from shared.storage.database.engine import Session
from shared.storage.tables.core import EventLevel, JobEvent
from shared.storage.training import jobs

#: Events read at a time.
_PAGE = 500


class JobEvents:
    """Writes for one job, under its lease.

    Args:
        lease: Of the job.
        channel: Where watchers are told that there is something new.
    """

    def __init__(self, lease: JobLease, channel: Channel) -> None:
        self._lease = lease
        self._channel = channel
        self._followers: list[Callable[[Point], None]] = []

    def follow(self, told: Callable[[Point], None]) -> None:
        """Have this called with all figures from here on."""
        self._followers.append(told)

    def message(self, message: str, data: Mapping[str, Any] | None = None, *, level: EventLevel = "info") -> None:
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
        self._channel.send(
            TrainingProgressed(
                job_id=lease.job_id, status="running", step=data["step"], total_steps=data["total_steps"]
            )
        )
        for told in self._followers:
            told(Point.of(data, now))

    def recorded(self) -> list[JobEvent]:
        """Every event so far, oldest first; those of earlier attempts included."""
        found: list[JobEvent] = []
        after: str | None = None
        while True:
            page = self._lease.read(partial(jobs.events, job_id=self._lease.job_id, after=after, limit=_PAGE))
            found += page.items
            if not page.has_more:
                return found[::-1]
            after = page.items[-1].id

    def curve(self) -> list[Point]:
        """The figures so far, as one curve: steps that a resumed attempt took again count once."""
        return unbroken(Point.of(event.data, event.created_at) for event in self.recorded() if event.type == "metrics")


class SilentEvents(JobEvents):
    """Those of a process that only trains along: its first one tells the story."""

    def message(self, message: str, data: Mapping[str, Any] | None = None, *, level: EventLevel = "info") -> None:
        """Say nothing."""

    def figures(self, message: str, data: dict[str, Any], *, seconds_left: float | None = None) -> None:
        """Say nothing."""


#: Seconds between two events of figures; steps come far more often than people look.
_PAUSE = 2.0


class JobCallback:
    """Writes figures as events: every few seconds, at the last step and at every validation.

    Args:
        events: Of the job.
        stopping: Whether the process was told to stop.
        rates: The learning rates of a step, by name, of so many in all.
        clock: Seconds that only grow.
        before: Steps of the job that came before this run.
        after: Steps of the job that come after it, at most.
    """

    def __init__(
        self,
        events: JobEvents,
        stopping: Callable[[], bool],
        rates: Callable[[int, int], Mapping[str, float]],
        clock: Callable[[], float] = time.monotonic,
        *,
        before: int = 0,
        after: int = 0,
    ) -> None:
        self._before = before
        self._after = after
        self._events = events
        self._stopping = stopping
        self._rates = rates
        self._clock = clock
        self._next = clock()
        self._last = StepReport(0, 0, 0, 0.0, 0.0, 0.0)

    def stepped(self, report: StepReport) -> None:
        """After every optimizer step."""
        self._last = report
        if self._clock() < self._next and report.step < report.total_steps:
            return
        self._next = self._clock() + _PAUSE
        step, total_steps = self._before + report.step, self._whole(report.total_steps)
        seconds_left = report.seconds_left
        if self._after and report.step < report.total_steps:
            seconds_left *= 1 + self._after / (report.total_steps - report.step)
        self._events.figures(
            f"Step {step}/{total_steps}: training loss {report.loss:.3f}",
            {
                "step": step,
                "total_steps": total_steps,
                "epoch": report.epoch,
                "train_loss": report.loss,
                "rows_per_second": report.rows_per_second,
                "seconds_left": seconds_left,
                **self._rates(report.step, report.total_steps),
            },
            seconds_left=seconds_left,
        )

    def validated(self, report: ValidationReport) -> None:
        """After every validation."""
        step = self._before + report.step
        figures = {f"valid_{name}": value for name, value in report.scores.items()}
        shown = ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in report.scores.items())
        self._events.figures(
            f"Step {step}: validation {shown}" + (" (kept so far)" if report.is_kept else ""),
            {"step": step, "total_steps": self._whole(self._last.total_steps), "valid_score": report.score, **figures},
        )

    def _whole(self, steps: int) -> int:
        """The steps of the whole job, of which this run takes so many."""
        return self._before + steps + self._after

    def noticed(self, message: str) -> None:
        """Something happened that the owner should know."""
        self._events.message(message, level="warn")

    def stopping(self) -> bool:
        """Whether to stop now."""
        return self._stopping()
