"""What goes wrong with a tracker is told, and goes no further."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from services.training.tracking.feed import Feed
from services.training.tracking.tracker import Destinations, Ending, Point, Run
from services.training.tracking.tracking import Tracking
from shared.contracts.training.integrations import Integrations, Mlflow, Wandb
from tests.unit.training.tracking.tracked import MLFLOW_TABLES, POINTS, RUN, SCORES, destinations, scalars
from tests.waiting import wait_for

BOTH: Integrations = (
    Wandb.model_validate({"type": "wandb", "wandb": {"project": "desk"}}),
    Mlflow.model_validate({"type": "mlflow", "mlflow": {"experiment": "desk"}}),
)

#: Tracks a run where neither library can be imported, and prints what was told and made.
WITHOUT = """
import sys
from pathlib import Path
sys.modules["wandb"] = sys.modules["mlflow"] = None  # as good as not installed
from services.training.tracking.tracking import Tracking
from shared.telemetry import logs
from tests.unit.training.tracking.test_tracking import BOTH, RUN, POINTS, SCORES, destinations
logs.configure("trainer", "info", "json")
tracking = Tracking(Path(sys.argv[1]), destinations(Path(sys.argv[1])), print)
tracking.begin(BOTH, RUN, [])
for point in POINTS:
    tracking.follow(point)
print(*(file.name for file in tracking.results(SCORES)))
"""


class Recorded:
    """A tracker that writes down what it is told, and fails or dawdles where it is asked to."""

    def __init__(self, folder: Path, *, fails_at: int = 0, seconds: float = 0.0) -> None:
        self.folder = folder
        self.steps: list[int] = []
        self.ending: Ending | None = None
        self._fails_at = fails_at
        self._seconds = seconds

    def started(self, _run: Run, curve: Sequence[Point]) -> None:
        self.steps = [point.step for point in curve]

    def metrics(self, point: Point) -> None:
        time.sleep(self._seconds)
        if point.step == self._fails_at:
            raise OSError(28, "No space left on device", "/secret/place")
        self.steps.append(point.step)

    def finished(self, ending: Ending, _scores: Mapping[str, float]) -> Path | None:
        self.ending = ending
        return self.folder


def test_a_job_without_the_libraries_goes_on_and_says_how_to_install_them(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    *told, made = done.stdout.splitlines()
    assert sorted(told) == [
        f"{name} is not installed on this training worker, so the job is not tracked there. "
        f"Whoever runs the worker can install the extra '{name}'."
        for name in ("mlflow", "wandb")
    ]
    assert made.startswith("events.out.tfevents.")


def test_a_feed_hands_everything_on_in_order_and_keeps_what_was_made(tmp_path: Path) -> None:
    tracker = Recorded(tmp_path)
    feed = Feed("recorded", tracker)
    feed.put(lambda one: one.started(RUN, POINTS[:1]))
    for point in POINTS[1:]:
        feed.put(lambda one, point=point: one.metrics(point))  # type: ignore[misc]
    feed.close(lambda one: one.finished("succeeded", SCORES))
    feed.join(10)
    assert (tracker.steps, tracker.ending) == ([1, 5, 5, 9], "succeeded")
    assert (feed.file, feed.trouble) == (tmp_path, None)


def test_a_tracker_that_fails_midway_is_given_up_without_its_words(tmp_path: Path) -> None:
    feed = Feed("recorded", Recorded(tmp_path, fails_at=2))
    for step in (1, 2, 3):
        feed.put(lambda one, step=step: one.metrics(Point(step, 0.0, {})))  # type: ignore[misc]
    feed.close(lambda one: one.finished("succeeded", {}))
    feed.join(10)
    assert feed.trouble == "recorded was given up (OSError): the job goes on without it."
    assert feed.file is None


def test_a_tracker_that_dawdles_is_not_waited_for(tmp_path: Path) -> None:
    feed = Feed("recorded", Recorded(tmp_path, seconds=1.0))
    feed.put(lambda one: one.metrics(POINTS[0]))
    feed.close(lambda one: one.finished("succeeded", {}))
    feed.join(0.05)
    assert feed.trouble is not None
    assert "in time" in feed.trouble


@pytest.mark.parametrize("integration", BOTH, ids=lambda one: one.type)
@MLFLOW_TABLES
def test_a_server_that_is_away_is_a_warning_and_says_no_secret(
    tmp_path: Path, integration: Wandb | Mlflow, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    for name in ("CACHE", "CONFIG", "DATA", "ARTIFACT"):
        monkeypatch.setenv(f"WANDB_{name}_DIR", str(tmp_path / name.lower()))
    key, password = "0123456789abcdef" * 2 + "01234567", "wonderland"
    away = Destinations("online", "http://127.0.0.1:9", key, f"http://alice:{password}@127.0.0.1:9", None, seconds=2.0)
    told: list[str] = []
    tracking = Tracking(tmp_path, away, told.append)
    tracking.begin((integration,), RUN, [])

    def is_told() -> bool:
        tracking.follow(POINTS[0])
        return bool(told)

    wait_for(is_told, 90)
    (message,) = told
    assert message.startswith(f"{integration.type} was given up (")
    assert [file.name.split(".")[2] for file in tracking.results({})] == ["tfevents"], "that one goes on"
    assert told == [message], "it is told once"
    shown = message + caplog.text
    assert key not in shown
    assert password not in shown


def test_what_ended_badly_leaves_no_files(tmp_path: Path) -> None:
    tracking = Tracking(tmp_path, destinations(tmp_path), pytest.fail)
    tracking.begin((), RUN, POINTS)
    tracking.end("failed")
    assert list(tmp_path.iterdir()) == []


def test_tensorboard_needs_nobody_to_ask_for_it(tmp_path: Path) -> None:
    tracking = Tracking(tmp_path, destinations(tmp_path), pytest.fail)
    tracking.begin((), RUN, POINTS[:2])
    follow: Callable[[Point], None] = tracking.follow
    for point in POINTS[2:]:
        follow(point)
    (file,) = tracking.results(SCORES)
    assert scalars(file)["train_loss"] == [(1, 2.0), (5, 1.0), (9, 0.5)]
    tracking.end("interrupted")
    assert file.exists(), "what ended well stays ended well"
