"""One tracker in a thread of its own, so that a slow server slows no training and a failure ends nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from services.training.tracking.tracker import Tracker
from shared.errors import reason_of
from shared.telemetry import logs

_log = logs.get(__name__)

Call = Callable[[Tracker], Path | None]


class Feed:
    """Hands calls to a tracker, in order. What it raises is logged, without its words, since these may hold an address with a password.

    Args:
        name: Of the tracker; also the extra that installs its library.
        tracker: That nobody else uses.

    Attributes:
        name: Of the tracker.
        trouble: Why it was given up, in words for the owner of the job.
        file: What it made, once it is closed.
    """

    def __init__(self, name: str, tracker: Tracker) -> None:
        self.name = name
        self.trouble: str | None = None
        self.file: Path | None = None
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._thread = Thread(target=self._run, args=(tracker,), name=f"tracker-{name}", daemon=True)
        self._thread.start()

    def put(self, call: Call) -> None:
        """Have it called soon."""
        if self.trouble is None:
            self._calls.put(call)

    def close(self, last: Call) -> None:
        """Have it called and end then; does not wait."""
        self._calls.put(last)
        self._calls.put(None)

    def join(self, seconds: float) -> None:
        """Wait for the end; whoever takes longer is given up."""
        self._thread.join(seconds)
        if self._thread.is_alive():
            self.trouble = (
                f"{self.name} did not take what it was told in time; its record of this job may lack the end."
            )

    def _run(self, tracker: Tracker) -> None:
        try:
            while (call := self._calls.get()) is not None:
                self.file = call(tracker)
        except ModuleNotFoundError as error:
            _log.warning("a tracker is not installed", tracker=self.name, module=error.name)
            self.trouble = (
                f"{self.name} is not installed on this training worker, so the job is not tracked there. "
                f"Whoever runs the worker can install the extra '{self.name}'."
            )
        except Exception as error:  # noqa: BLE001  # whatever it is, the job goes on without
            _log.warning("a tracker was given up", tracker=self.name, reason=reason_of(error))
            self.trouble = f"{self.name} was given up ({type(error).__name__}): the job goes on without it."
