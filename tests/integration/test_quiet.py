"""Nothing is sent home: what a library would tell its maker, and leave in a user's folders, where no CI hides it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from shared.quiet import QUIET, keep_quiet
from tests.integration.quiet_child import CALLS
from tests.unit.training.tiny_base import tiny_base

#: onnxruntime collects nothing where one of these is set: the test would pass whatever the code did.
_HIDING = ("CI", "TF_BUILD", "GITHUB_ACTIONS", "MPLCONFIGDIR", *QUIET)
_OURS = ("127.0.0.1", "::1", "localhost")


def test_a_platform_keeps_to_its_own_folders_and_to_this_machine(tmp_path: Path) -> None:
    user, platform = tmp_path / "user", tmp_path / "platform"
    user.mkdir()
    base = tiny_base(tmp_path / "models" / "tiny")
    environment = {name: value for name, value in os.environ.items() if name not in _HIDING}
    environment |= {"HOME": str(user), "XDG_CACHE_HOME": str(user / ".cache"), "XDG_CONFIG_HOME": str(user / ".config")}

    with subprocess.Popen(
        [sys.executable, "-m", "tests.integration.quiet_child", str(platform), str(base)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as child:
        assert child.stdout is not None
        told = child.stdout.read()
    assert child.returncode == 0, told
    # The child sees what Python calls. A library's own threads are told by what they leave: onnxruntime's queue comes before its calls.
    called = json.loads((platform / CALLS).read_text())
    assert [address for address in called if not any(ours in address for ours in _OURS)] == []
    assert [str(path) for path in user.rglob("*") if path.is_file()] == []


def test_who_sets_a_variable_himself_is_asked() -> None:
    environment = {"ORT_DISABLE_TELEMETRY": "0"}
    keep_quiet(environment)
    assert environment == {**QUIET, "ORT_DISABLE_TELEMETRY": "0"}
