"""What a person meets before any platform answers: help, usage errors, a platform that is not there."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.__main__ import build
from services.cli.settings import Access, load, store
from tests.infrastructure import free_port

COMMANDS = (
    "up",
    "chat",
    "analyze",
    "explain",
    "data",
    "train",
    "jobs",
    "models",
    "loop",
    "promote",
    "rollback",
    "watch",
    "streams",
    "replay",
    "bot",
    "keys",
)


def parley(
    *arguments: str, home: Path, typed: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command as a person at a terminal of 80 columns would, who types these lines."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
    return subprocess.run(
        [sys.executable, "-m", "services.cli", *arguments],
        env=clean | {"COLUMNS": "80", "PARLEY_HOME": str(home)} | environment,
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_eighty_columns(command: str) -> None:
    shown = CliRunner().invoke(build(), [*command.split(), "--help"], env={"COLUMNS": "80", "TERMINAL_WIDTH": "80"})
    assert shown.exit_code == 0
    assert max(len(line) for line in shown.stdout.splitlines()) <= 80
    assert "…" not in shown.stdout, "nothing is cut off"


def test_the_first_help_lists_every_command(tmp_path: Path) -> None:
    shown = parley("--help", home=tmp_path).stdout
    assert [name for name in COMMANDS if f" {name} " not in shown] == []


def test_wrong_usage_is_told_apart(tmp_path: Path) -> None:
    assert parley("train", "no-such-file.jsonl", home=tmp_path).returncode == 2
    assert parley("fly", home=tmp_path).returncode == 2


def test_a_platform_that_is_not_there(tmp_path: Path) -> None:
    shown = parley("models", "list", "--url", f"http://127.0.0.1:{free_port()}", home=tmp_path)
    assert shown.returncode == 3
    assert "parley up" in shown.stderr


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    shown = parley("models", "list", home=tmp_path, PARLEY_LOG_LEVEL="loud")
    assert shown.returncode == 2
    assert "PARLEY_LOG_LEVEL='loud'" in shown.stderr


def test_credentials_are_for_the_owner_only(tmp_path: Path) -> None:
    access = Access("http://127.0.0.1:8000", "pk-secret")
    store(tmp_path, access)
    assert load(tmp_path) == access
    assert stat.S_IMODE((tmp_path / "credentials.json").stat().st_mode) == 0o600


def test_garbage_in_the_credentials_file_is_like_none(tmp_path: Path) -> None:
    (tmp_path / "credentials.json").write_text('{"url": 1, "other": []}', "utf-8")
    assert load(tmp_path) == Access("", "")


def test_a_data_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "occupied").touch()
    shown = parley("up", home=tmp_path / "occupied" / "home")
    assert shown.returncode == 2
    assert "PARLEY_HOME" in shown.stderr
    assert "Traceback" not in shown.stderr
