"""A console process before a gateway, and a browser before the console."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests import waiting
from tests.browser import browser
from tests.infrastructure import free_port
from tests.unit.gateway.platform import ADMIN_KEY, Platform, running_platform

# On a busy machine a page that is shown takes seconds to be connected; what is clicked meanwhile is sent then.
expect.set_options(timeout=20_000)


@dataclass
class Console:
    """A running console."""

    url: str
    platform: Platform
    home: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, or start it again."""
        ours = {
            "PARLEY_HOME": str(self.home),
            "PARLEY_URL": self.platform.url,
            "PARLEY_CONSOLE_PORT": self.url.rpartition(":")[2],
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PARLEY_", "PYTEST_"))}
        with (self.home / "console.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services.console"], env=inherited | ours, stdout=log, stderr=log
            )
        waiting.wait_for(self._answers, 60.0)

    def kill(self) -> None:
        """At once."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def log(self) -> str:
        """What it wrote."""
        return (self.home / "console.log").read_text("utf-8", errors="replace")

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", timeout=5).is_success
        except httpx.HTTPError:
            return False


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    home = tmp_path_factory.mktemp("console")
    with running_platform(home / "gateway") as platform:
        started = Console(f"http://127.0.0.1:{free_port()}", platform, home)
        started.start()
        yield started
        started.kill()


# Of a module: Playwright keeps an event loop running in the thread that tests with loops of their own need.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


def signed_in(chromium: Browser, console: Console, key: str = ADMIN_KEY, locale: str = "en-US") -> BrowserContext:
    """A browser of one's own, in which somebody has signed in."""
    context = chromium.new_context(locale=locale)
    page = context.new_page()
    page.goto(console.url)
    page.fill("#key", key)
    page.click("button[type=submit]")
    page.wait_for_selector("[role=heading]")
    page.close()
    return context


@pytest.fixture(scope="module")
def everything(chromium: Browser, console: Console) -> Iterator[BrowserContext]:
    """The browser of somebody who may do everything."""
    with signed_in(chromium, console) as context:
        yield context


@pytest.fixture
def page(everything: BrowserContext) -> Iterator[Page]:
    """A page in it."""
    page = everything.new_page()
    yield page
    page.close()
