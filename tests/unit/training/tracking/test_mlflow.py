"""MLflow with a database of ours, read again through its own client."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Run as MlflowRun

from services.training.tracking.mlflow import MlflowTracker
from services.training.tracking.tracker import Point, Run
from shared.contracts.training.integrations import Mlflow
from tests.unit.training.tracking.tracked import MLFLOW_TABLES, POINTS, RUN, SCORES, destinations

pytestmark = MLFLOW_TABLES

ASKED = Mlflow.model_validate({"type": "mlflow", "mlflow": {"experiment": "desk", "tags": {"team": "support"}}})


def _the_run(client: MlflowClient) -> MlflowRun:
    experiment = client.get_experiment_by_name("desk")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    return run


def _curve(client: MlflowClient, run: MlflowRun, name: str) -> list[tuple[int, float, int]]:
    return [(one.step, one.value, one.timestamp) for one in client.get_metric_history(run.info.run_id, name)]


def test_a_run_is_read_as_it_was_told(tmp_path: Path) -> None:
    tracker = MlflowTracker(ASKED, tmp_path, destinations(tmp_path))
    tracker.started(RUN, POINTS[:1])
    for point in POINTS[1:]:
        tracker.metrics(point)
    assert tracker.finished("succeeded", SCORES) is None
    client = MlflowClient(destinations(tmp_path).mlflow_uri)
    run = _the_run(client)
    assert (run.info.status, run.info.run_name) == ("FINISHED", "ftjob-tracked")
    assert _curve(client, run, "train_loss") == [(1, 2.0, 1_000_000), (5, 1.0, 1_002_000), (9, 0.5, 1_004_000)]
    assert _curve(client, run, "test_intent_accuracy") == [(9, 0.75, 1_004_000)]
    assert run.data.params == {name: str(value) for name, value in RUN.parameters.items()}
    assert run.data.tags == {"mlflow.runName": "ftjob-tracked", "parley.job_id": "ftjob-tracked", "team": "support"}
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")] == ["mlflow", "mlflow/mlflow.db"]


def test_a_job_that_goes_on_goes_on_with_its_run(tmp_path: Path) -> None:
    first = MlflowTracker(ASKED, tmp_path, destinations(tmp_path))
    first.started(RUN, [])
    for point in POINTS:
        first.metrics(point)
    first.finished("interrupted", {})
    client = MlflowClient(destinations(tmp_path).mlflow_uri)
    assert _the_run(client).info.status == "KILLED"

    second = MlflowTracker(ASKED, tmp_path, destinations(tmp_path))
    second.started(RUN, POINTS[:3])
    assert _the_run(client).info.status == "RUNNING"
    for step in (6, 9, 10):
        second.metrics(Point(step, 2000.0, {"train_loss": 0.25}))
    second.finished("succeeded", {})
    steps = [step for step, _, _ in _curve(client, _the_run(client), "train_loss")]
    assert steps == [1, 5, 9, 6, 10], "each step once, in the order it was told"
    assert _the_run(client).info.status == "FINISHED"


def test_jobs_that_begin_at_once_share_a_new_database(tmp_path: Path) -> None:
    """And the database appears whole: while it is made it has another name."""
    trackers = [MlflowTracker(ASKED, tmp_path, destinations(tmp_path)) for _ in range(3)]
    runs = [Run(f"ftjob-{number}", {}, "") for number in range(3)]
    with ThreadPoolExecutor(3) as pool:
        for _ in pool.map(lambda tracker, run: tracker.started(run, POINTS), trackers, runs):
            pass
    for tracker in trackers:
        tracker.finished("succeeded", {})
    client = MlflowClient(destinations(tmp_path).mlflow_uri)
    experiment = client.get_experiment_by_name("desk")
    assert experiment is not None
    found = client.search_runs([experiment.experiment_id])
    assert {run.info.run_name: run.info.status for run in found} == {run.job_id: "FINISHED" for run in runs}


def test_more_figures_than_mlflow_takes_at_a_time(tmp_path: Path) -> None:
    tracker = MlflowTracker(ASKED, tmp_path, destinations(tmp_path))
    tracker.started(RUN, [Point(step, 1000.0, {"train_loss": 1.0, "head_rate": 0.1}) for step in range(1, 701)])
    tracker.finished("failed", {})
    client = MlflowClient(destinations(tmp_path).mlflow_uri)
    run = _the_run(client)
    assert run.info.status == "FAILED"
    assert [step for step, _, _ in _curve(client, run, "head_rate")] == list(range(1, 701))
