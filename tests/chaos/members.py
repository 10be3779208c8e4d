"""What a stack is made of: processes that can be killed and started again."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import httpx

#: Seconds that a process has to end in peace.
_FAREWELL = 20.0


class Member(Protocol):
    """One process of the stack, with whatever it starts itself."""

    @property
    def alive(self) -> bool:
        """Whether its process runs."""

    def start(self) -> None:
        """Start it, and return before it serves."""

    def answers(self) -> bool:
        """Whether it serves."""

    def kill(self) -> None:
        """SIGKILL."""

    def stop(self) -> None:
        """End it in peace."""


class Service:
    """A process of one of our services.

    Args:
        service: Its package below ``services``.
        environment: Its settings.
        url: Where it answers over HTTP.
        health: The path that answers 200 while the process serves.
        log: What it writes is appended here.
    """

    def __init__(self, service: str, environment: Mapping[str, str], url: str, health: str, log: Path) -> None:
        self.url = url
        self._command = [sys.executable, "-m", f"services.{service}"]
        self._environment = dict(environment)
        self._health = url + health
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        """See ``Member``."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Of the process that runs, or ran last."""
        assert self._process is not None, "never started"
        return self._process.pid

    def start(self) -> None:
        """See ``Member``."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )

    def answers(self) -> bool:
        """See ``Member``."""
        return self.alive and ok(self._health)

    def kill(self) -> None:
        """The process alone: what it started has to notice by itself."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """See ``Member``."""
        if self._process is not None and self.alive:
            self._process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_FAREWELL)
        self.kill()


def ok(url: str) -> bool:
    """Whether a URL answers 200."""
    try:
        return httpx.get(url, timeout=5).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
