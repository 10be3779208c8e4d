from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.places import place


def start(service: str, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", f"services.{service}"],
        env={**os.environ, **environment},
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("service", ["nlu", "monitoring"])
def test_a_process_ends_cleanly_on_sigterm(service: str, tmp_path: Path) -> None:
    with place("stack", tmp_path) as where, start(service, where.environment()) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "service is up" in line:
                break
        process.send_signal(signal.SIGTERM)
        asked = time.monotonic()
        process.wait(20)
        assert process.returncode == 0
        assert time.monotonic() - asked < 5.0


@pytest.mark.parametrize(
    ("service", "environment", "reason"),
    [
        ("nlu", {"PARLEY_INFERENCE_THREADS": "none"}, "PARLEY_INFERENCE_THREADS='none'"),
        ("nlu", {"PARLEY_BROKER_URL": "carrier-pigeon://x"}, "PARLEY_BROKER_URL begins with 'carrier-pigeon'"),
        ("monitoring", {"PARLEY_ALERT_SHARE": "1.5"}, "PARLEY_ALERT_SHARE='1.5'"),
    ],
)
def test_a_process_that_cannot_start_says_why_in_one_line(
    service: str, environment: dict[str, str], reason: str, tmp_path: Path
) -> None:
    with start(service, {"PARLEY_HOME": str(tmp_path), **environment}) as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"{service} cannot run: {reason}" in errors
    assert "Traceback" not in errors
