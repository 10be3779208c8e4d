"""Following a job to its end: a progress bar for a person, lines for a log, JSON for a script."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Protocol, Self

from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn

from services.cli.api import Api, CommandError, Json, segment
from services.cli.patience import outlast
from services.cli.session import err, out, show_json_line
from shared.contracts.training.jobs import FINAL_STATUSES

#: Seconds between two looks at a job.
INTERVAL = 0.5


class Reporter(Protocol):
    """Shows one event of a job."""

    def event(self, event: Json) -> None:
        """Called once for each event, oldest first."""

    def away(self, message: str) -> None:
        """Called when the platform does not answer; the job may go on without it."""


def follow(api: Api, job_id: str, reporter: Reporter) -> Json:
    """Report the events of a job until it is over, however often the gateway is started again; returns the job."""
    seen: set[str] = set()

    def look() -> tuple[Json, Iterator[Json]]:
        return api.get(f"/v1/fine_tuning/jobs/{segment(job_id)}"), _unseen(api, job_id, seen)

    while True:
        job, events = outlast(look, reporter.away)
        for event in events:
            reporter.event(event)
        if job["status"] in FINAL_STATUSES:
            return job
        time.sleep(INTERVAL)


def _unseen(api: Api, job_id: str, seen: set[str]) -> Iterator[Json]:
    fresh = []
    for event in api.pages(f"/v1/fine_tuning/jobs/{segment(job_id)}/events"):
        if event["id"] in seen:
            break
        fresh.append(event)
    seen.update(event["id"] for event in fresh)
    return reversed(fresh)


class JsonLines:
    """Every event as it came."""

    def event(self, event: Json) -> None:
        """Print it on one line."""
        show_json_line(event)

    def away(self, message: str) -> None:
        """Tell it where it is in no script's way."""
        err.print(escape(message))


class PlainLines:
    """Messages as they come, and a line of figures now and then: for logs."""

    #: Seconds between two lines of figures.
    PAUSE = 5.0

    def __init__(self) -> None:
        self._next = 0.0

    def event(self, event: Json) -> None:
        """Print it, unless it is one of many figures."""
        if event["type"] != "metrics":
            out.print(f"{event['level']:5} {escape(event['message'])}", soft_wrap=True)
        elif time.monotonic() >= self._next:
            self._next = time.monotonic() + self.PAUSE
            out.print(f"      {escape(figures(event['data']))}", soft_wrap=True)

    def away(self, message: str) -> None:
        """Print it as a warning."""
        out.print(f"warn  {escape(message)}", soft_wrap=True)


class Bar:
    """A progress bar with step, loss and time left; messages scroll above it. A context manager."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[figures]}"), console=out
        )
        self._task = self._progress.add_task("Training", total=None, figures="")

    def __enter__(self) -> Self:
        self._stack.enter_context(self._progress)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def event(self, event: Json) -> None:
        """Move the bar, or print the message above it."""
        data = event.get("data") or {}
        if event["type"] == "metrics" and "step" in data:
            self._progress.update(
                self._task, completed=data["step"], total=data.get("total_steps"), figures=figures(data)
            )
        else:
            style = {"warn": "yellow", "error": "red"}.get(event["level"], "dim")
            self._progress.console.print(f"[{style}]{escape(event['message'])}[/{style}]")

    def away(self, message: str) -> None:
        """Print it above the bar."""
        self._progress.console.print(f"[yellow]{escape(message)}[/yellow]")


def figures(data: Json) -> str:
    """Step, loss and time left, as far as they are known."""
    parts = []
    if "step" in data:
        parts.append(f"step {data['step']}/{data.get('total_steps', '?')}")
    if "train_loss" in data:
        parts.append(f"loss {data['train_loss']:.3f}")
    if "seconds_left" in data:
        parts.append(f"{data['seconds_left']:.0f} s left")
    return "  ".join(parts)


def watch_job(api: Api, job_id: str, *, as_json: bool) -> Json:
    """Follow with whatever suits the output: JSON lines, a bar on a terminal, plain lines elsewhere."""
    try:
        if as_json:
            return follow(api, job_id, JsonLines())
        if not out.is_terminal:
            return follow(api, job_id, PlainLines())
        with Bar() as bar:
            return follow(api, job_id, bar)
    except (KeyboardInterrupt, CommandError) as error:
        if not isinstance(error, CommandError) or error.transient:
            err.print(f"The job goes on. Follow it again with: parley jobs follow {escape(job_id)}")
        raise
