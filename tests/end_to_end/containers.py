"""The stack of docker-compose.yml as it runs on this machine, seen through the commands of Docker."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.platforms import Platform

ROOT = Path(__file__).parents[2]

#: Seconds for a command; starting everything takes longest.
_PATIENCE = 300.0


@dataclass(frozen=True)
class Container:
    """What ``docker inspect`` tells of one."""

    facts: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.facts["Id"])

    @property
    def service(self) -> str:
        """Its name in docker-compose.yml."""
        return str(self.facts["Config"]["Labels"]["com.docker.compose.service"])

    @property
    def health(self) -> str:
        """``healthy``, ``starting`` or ``unhealthy``; or that it does not run."""
        state = self.facts["State"]
        return str(state["Health"]["Status"]) if state["Status"] == "running" else str(state["Status"])


def stack() -> Platform:
    """The stack at ``PARLEY_STACK_URL`` with the key ``PARLEY_STACK_KEY``; without them, the one that .env describes."""
    url, key = os.environ.get("PARLEY_STACK_URL"), os.environ.get("PARLEY_STACK_KEY")
    settings = _settings()
    url = url or f"http://127.0.0.1:{settings.get('PARLEY_PORT', '8000')}"
    key = key or settings.get("PARLEY_API_KEY")
    if not key:
        pytest.fail("no stack: start one with 'make stack', or set PARLEY_STACK_URL and PARLEY_STACK_KEY")
    return Platform(url, ROOT, {}, key=key)


def _settings() -> dict[str, str]:
    path = ROOT / ".env"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def compose(*arguments: str) -> str:
    """Run a command of Compose on the stack; returns what it printed."""
    command = ["docker", "compose"] if _has_plugin() else ["docker-compose"]
    return _run(*command, *arguments)


def containers() -> list[Container]:
    """Every container of the stack, running or not."""
    ids = compose("ps", "-a", "-q").split()
    assert ids, "the stack does not run here: 'make stack' starts it"
    return [Container(facts) for facts in json.loads(_run("docker", "inspect", *ids))]


def scales(found: list[Container]) -> list[str]:
    """The options that start as many containers of each service again."""
    counts = Counter(container.service for container in found)
    return [word for service, count in counts.items() if count > 1 for word in ("--scale", f"{service}={count}")]


def execute(container: Container, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command inside, as the user that the container has; failing is no error here."""
    return subprocess.run(
        ["docker", "exec", container.id, *command], capture_output=True, text=True, timeout=_PATIENCE, check=False
    )


def _has_plugin() -> bool:
    if shutil.which("docker") is None:
        pytest.fail("the test needs the docker command on the machine on which the stack runs")
    found = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    return found.returncode == 0


def _run(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stderr[-2000:]}"
    return done.stdout
