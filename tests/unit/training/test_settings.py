"""Settings of training that a child process gets whole, and of which nothing secret is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.training.settings import TrainingSettings
from shared.errors import SettingsError
from shared.settings import read_settings

KEY = "0123456789abcdef0123456789abcdef01234567"
URI = "https://alice:wonderland@mlflow.example"


def test_nothing_leaves_the_machine_unless_the_operator_says_so(tmp_path: Path) -> None:
    found = TrainingSettings(home=tmp_path).destinations
    assert (found.wandb_mode, found.wandb_key) == ("offline", None)
    assert found.mlflow_uri == f"sqlite:///{tmp_path}/mlflow/mlflow.db"
    assert found.mlflow_folder == tmp_path / "mlflow"


def test_a_child_gets_the_secrets_and_a_log_does_not(tmp_path: Path) -> None:
    settings = TrainingSettings.model_validate(
        {"home": tmp_path, "wandb_mode": "online", "wandb_key": KEY, "mlflow_uri": URI}
    )
    environment = settings.child_environment()
    assert (environment["PARLEY_WANDB_KEY"], environment["PARLEY_MLFLOW_URI"]) == (KEY, URI)
    found = settings.destinations
    assert (found.wandb_key, found.mlflow_uri, found.mlflow_folder) == (KEY, URI, None)
    shown = f"{settings!r} {found!r}"
    assert KEY not in shown
    assert "wonderland" not in shown


@pytest.mark.parametrize("opened", ["", "10.0.0.0/8,fd00::/8"])
def test_a_child_reads_the_very_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: str) -> None:
    settings = TrainingSettings.model_validate({"home": tmp_path, "outbound_networks": opened})
    for name, value in settings.child_environment().items():
        monkeypatch.setenv(name, value)
    assert read_settings(TrainingSettings) == settings


def test_to_send_runs_needs_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_WANDB_MODE", "online")
    with pytest.raises(SettingsError, match="PARLEY_WANDB_KEY"):
        read_settings(TrainingSettings)
    monkeypatch.setenv("PARLEY_WANDB_KEY", KEY)
    assert read_settings(TrainingSettings).destinations.wandb_key == KEY


def test_a_wrong_mode_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_WANDB_MODE", "loud")
    with pytest.raises(SettingsError, match="PARLEY_WANDB_MODE='loud'"):
        read_settings(TrainingSettings)
