"""A headless Chromium, as Debian's package brings it: ``apt-get install chromium``."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.infrastructure import missing

_NAMES = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def browser(*switches: str) -> Iterator[Browser]:
    """The browser, with more switches; without one the test is skipped, or fails where CI is set."""
    path = os.environ.get("PARLEY_TEST_BROWSER") or next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        missing("no Chromium is installed; apt-get install chromium, or set PARLEY_TEST_BROWSER")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu", *switches])
        yield opened
        opened.close()


class Complaints:
    """What a page says in the browser's console besides what it should: errors, and requests that failed.

    Args:
        page: The page; everything from now on is collected.
    """

    def __init__(self, page: Page) -> None:
        self.heard: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.heard.append(str(error)))
        page.on("request", lambda request: self._outside(request.url))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.heard.append(message.text)

    def _outside(self, url: str) -> None:
        """Nothing is loaded from elsewhere."""
        if not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")):
            self.heard.append(f"asks {url}")
