"""The trackers of one attempt at a job."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from services.training.tracking.feed import Feed
from services.training.tracking.table import TRACKERS
from services.training.tracking.tensorboard import TensorBoard
from services.training.tracking.tracker import Destinations, Ending, Point, Run
from shared.contracts.training.integrations import Integrations

#: Seconds that trackers have for the rest: a model that is ready is not kept waiting for long, and who is told to stop is killed soon.
_PATIENCE: Mapping[Ending, float] = {"succeeded": 30.0, "failed": 5.0, "interrupted": 1.0}


class Tracking:
    """Feeds them all with what the events of the job tell. None of them can fail the job: each that is given up is a warning.

    Args:
        folder: Where they may keep files; it goes with the attempt.
        destinations: Where they may write besides.
        warn: Tells the owner of the job.
    """

    def __init__(self, folder: Path, destinations: Destinations, warn: Callable[[str], None]) -> None:
        self._folder = folder
        self._destinations = destinations
        self._warn = warn
        self._feeds: list[Feed] = []
        self._given_up: set[str] = set()

    def begin(self, integrations: Integrations, run: Run, curve: Sequence[Point]) -> None:
        """Training begins.

        Args:
            integrations: What is asked for besides TensorBoard.
            run: The job.
            curve: What earlier attempts told of the steps that this one does not take again.
        """
        self._feeds = [Feed("tensorboard", TensorBoard(self._folder))]
        for asked in integrations:
            tracker = TRACKERS[type(asked)](asked, self._folder / asked.type, self._destinations)
            self._feeds.append(Feed(asked.type, tracker))
        for feed in self._feeds:
            feed.put(lambda tracker: tracker.started(run, curve))

    def follow(self, point: Point) -> None:
        """An event told figures."""
        for feed in self._feeds:
            feed.put(lambda tracker: tracker.metrics(point))
        self._tell_of_trouble()

    def results(self, scores: Mapping[str, float]) -> list[Path]:
        """End well; the files that are to be stored with the job.

        Args:
            scores: Of the model on the test rows.
        """
        feeds = self._close("succeeded", scores)
        self._tell_of_trouble()
        return [feed.file for feed in feeds if feed.trouble is None and feed.file is not None]

    def end(self, ending: Ending) -> None:
        """End otherwise, unless they have ended: nobody is told of their trouble any more."""
        self._close(ending, {})

    def _close(self, ending: Ending, scores: Mapping[str, float]) -> list[Feed]:
        until = time.monotonic() + _PATIENCE[ending]
        for feed in self._feeds:
            feed.close(lambda tracker: tracker.finished(ending, scores))
        for feed in self._feeds:
            feed.join(max(0.0, until - time.monotonic()))
        return self._feeds

    def _tell_of_trouble(self) -> None:
        for feed in self._feeds:
            if feed.trouble is not None and feed.name not in self._given_up:
                self._given_up.add(feed.name)
                self._warn(feed.trouble)
