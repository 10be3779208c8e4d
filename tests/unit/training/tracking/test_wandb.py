"""Weights & Biases in its offline mode: what it writes, where, and what it notes of this machine."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import psutil
import pytest

from services.training.tracking.wandb import WandbTracker
from shared.contracts.training.integrations import Wandb
from tests.unit.training.tracking.tracked import POINTS, RUN, SCORES, destinations
from tests.unit.training.tracking.wandb_file import history, records
from tests.waiting import wait_for

ASKED = Wandb.model_validate({"type": "wandb", "wandb": {"project": "desk", "name": "first", "tags": ["a"]}})


def _writers() -> list[psutil.Process]:
    return [child for child in psutil.Process().children(recursive=True) if "wandb-core" in child.name()]


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that nothing should be written to."""
    home = tmp_path / "user"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("CACHE", "CONFIG", "DATA", "ARTIFACT"):
        monkeypatch.setenv(f"WANDB_{name}_DIR", str(tmp_path / "job" / name.lower()))
    return home


def test_an_offline_run_is_packed_whole_and_nothing_stays_behind(tmp_path: Path, user: Path) -> None:
    tracker = WandbTracker(ASKED, tmp_path / "job", destinations(tmp_path))
    tracker.started(RUN, POINTS[:2])
    (writer,) = _writers()
    assert "--no-observability" in writer.cmdline(), "else it looks its maker's host up"
    for point in POINTS[2:]:
        tracker.metrics(point)
    archive = tracker.finished("succeeded", SCORES)
    assert archive is not None
    wait_for(lambda: not writer.is_running(), 10)

    with tarfile.open(archive) as tar:
        names = tar.getnames()
    (folder,) = {name.split("/")[0] for name in names}
    assert folder.startswith("offline-run-")
    assert archive.name == f"wandb-{folder}.tar.gz"
    assert f"{folder}/run-ftjob-tracked.wandb" in names
    told = history(archive)
    assert [(one["_step"], one.get("train_loss"), one.get("valid_score")) for one in told] == [
        (1, 2.0, None),
        (5, 1.0, 0.5),
        (9, 0.5, None),
    ]
    run = next(record.run for record in records(archive) if record.WhichOneof("record_type") == "run")
    assert (run.project, run.display_name, run.run_id, list(run.tags)) == ("desk", "first", "ftjob-tracked", ["a"])
    config = {item.key: json.loads(item.value_json) for item in run.config.update if item.key}
    assert RUN.parameters.items() <= config.items()
    assert list(user.iterdir()) == []


def test_a_run_tells_nothing_of_the_machine_its_user_and_its_programs(tmp_path: Path, user: Path) -> None:
    tracker = WandbTracker(ASKED, tmp_path / "job", destinations(tmp_path))
    tracker.started(RUN, POINTS)
    print("something that is printed while it runs")
    archive = tracker.finished("succeeded", {})
    assert archive is not None
    content = b"".join(record.SerializeToString() for record in records(archive))
    with tarfile.open(archive) as tar:
        files = [file for member in tar.getmembers() if (file := tar.extractfile(member)) is not None]
        content += b"".join(file.read() for file in files)
        assert {(member.uname, member.uid) for member in tar.getmembers()} == {("", 0)}
    for secret in (str(Path.cwd()), str(tmp_path), "pytest", "something that is printed"):
        assert secret.encode() not in content, secret
    run = next(record.run for record in records(archive) if record.WhichOneof("record_type") == "run")
    assert (run.host, run.git.remote_url, run.git.commit) == ("", "", "")
