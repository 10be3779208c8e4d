"""A run of MLflow, in a database of the platform's own or, where the operator wants it, on a server."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from services.training.tracking.tracker import Destinations, Ending, Point, Run
from shared.contracts.training.integrations import Mlflow

if TYPE_CHECKING:
    from mlflow import MlflowClient

#: The tag that a run is found again by when its job goes on.
_JOB = "parley.job_id"

_SQLITE = "sqlite:///"

#: Figures that MLflow takes at a time.
_AT_ONCE = 1000

_STATUS: Mapping[Ending, str] = {"succeeded": "FINISHED", "failed": "FAILED", "interrupted": "KILLED"}


class MlflowTracker:
    """Uses the client alone: what MLflow's fluent interface notes of user, machine and programs is left out.

    Args:
        asked: What the job asks for.
        _folder: Not needed: nothing is kept there.
        destinations: As the operator has set them.
    """

    def __init__(self, asked: Mlflow, _folder: Path, destinations: Destinations) -> None:
        self._asked = asked.mlflow
        self._destinations = destinations
        self._client: MlflowClient | None = None
        self._run_id = ""
        self._told: set[tuple[str, int]] = set()
        self._last = Point(0, 0.0, {})

    def started(self, run: Run, curve: Sequence[Point]) -> None:
        """Begin a run, or go on with the job's: MLflow keeps what it was told, and is not told it twice."""
        from mlflow import MlflowClient
        from mlflow.entities import Param

        if self._destinations.mlflow_folder is not None:
            _make(Path(self._destinations.mlflow_uri.removeprefix(_SQLITE)))
        self._client = client = MlflowClient(tracking_uri=self._destinations.mlflow_uri)
        experiment = self._experiment(client)
        found = client.search_runs([experiment], f"tags.`{_JOB}` = '{run.job_id}'", max_results=1)
        if found:
            self._run_id = found[0].info.run_id
            client.update_run(self._run_id, status="RUNNING")
            for name in found[0].data.metrics:
                self._told |= {(name, old.step) for old in client.get_metric_history(self._run_id, name)}
        else:
            tags = {**self._asked.tags, _JOB: run.job_id}
            self._run_id = client.create_run(experiment, run_name=self._asked.name or run.job_id, tags=tags).info.run_id
            parameters = [Param(name, str(value)) for name, value in run.parameters.items()]
            client.log_batch(self._run_id, params=parameters)
        self._tell(curve)

    def metrics(self, point: Point) -> None:
        """Write figures down."""
        self._tell([point])

    def finished(self, ending: Ending, scores: Mapping[str, float]) -> Path | None:
        """Write the scores on the test rows down, and how it ended."""
        if self._client is not None:
            if scores:
                tests = {f"test_{name}": value for name, value in scores.items()}
                self._tell([Point(self._last.step, self._last.at, tests)])
            self._client.set_terminated(self._run_id, _STATUS[ending])
        return None

    def _experiment(self, client: MlflowClient) -> str:
        from mlflow.exceptions import MlflowException

        name, ours = self._asked.experiment, self._destinations.mlflow_folder
        found = client.get_experiment_by_name(name)
        if found is None:
            location = None if ours is None else (ours / "artifacts").as_uri()
            try:
                return str(client.create_experiment(name, artifact_location=location))
            except MlflowException:
                found = client.get_experiment_by_name(name)
                if found is None:
                    raise
        return str(found.experiment_id)  # another job may have been quicker

    def _tell(self, points: Sequence[Point]) -> None:
        from mlflow.entities import Metric

        if self._client is None or not points:
            return
        self._last = points[-1]
        new = [
            Metric(name, value, int(point.at * 1000), point.step)
            for point in points
            for name, value in point.values.items()
            if (name, point.step) not in self._told
        ]
        self._told |= {(metric.key, metric.step) for metric in new}
        for first in range(0, len(new), _AT_ONCE):
            self._client.log_batch(self._run_id, metrics=new[first : first + _AT_ONCE])


def _make(database: Path) -> None:
    """Make a database that is not there. It appears whole: one whose making was cut short, by a cancelled job, could never be used."""
    if database.exists():
        return
    from mlflow import MlflowClient

    database.parent.mkdir(parents=True, exist_ok=True)
    partial = database.parent / f"{secrets.token_hex(8)}.partial"
    MlflowClient(tracking_uri=f"{_SQLITE}{partial}")
    with suppress(FileExistsError):  # another job was quicker
        database.hardlink_to(partial)
    partial.unlink()
