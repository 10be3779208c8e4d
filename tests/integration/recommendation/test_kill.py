"""A process of recommendation that is killed: whoever asks gets an answer or an error, and the next process knows everything."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from services.gateway.http.server import serving
from services.gateway.settings import GatewaySettings
from tests.integration.places import Place, place
from tests.integration.recommendation.shop import KEY, Shop, bought

ROOT = Path(__file__).parents[3]


@contextlib.contextmanager
def process(where: Place) -> Iterator[subprocess.Popen[bytes]]:
    """A process of recommendation."""
    started = subprocess.Popen(
        [sys.executable, "-m", "services.recommendation"],
        env={**os.environ, **where.environment()},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield started
    finally:
        started.kill()
        started.wait()


@pytest.mark.slow
def test_nothing_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    with place("stack", tmp_path) as where, contextlib.ExitStack() as stack:
        settings = where.settings() | {"port": 0, "api_key": SecretStr(KEY), "request_timeout_seconds": 20}
        url = stack.enter_context(serving(GatewaySettings.model_validate(settings)))
        http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=60)
        shop = Shop(where, stack.enter_context(http))
        with process(where) as first:
            shop = shop.filled()
            before = set(shop.offered(session=["tea 1"], n=7))
            first.send_signal(signal.SIGKILL)
            first.wait()
        shop.send("events", bought("ann", "lamp 1", "lamp 2"))
        asked_at = time.monotonic()
        with process(where):
            after = set(shop.offered(session=["tea 1"], n=7))  # what ann bought is popular now: the order is another
            assert after == before, "asked while nobody was there, answered by the next"
            assert time.monotonic() - asked_at < 20
            assert shop.offered(user_id="ann", n=1)[0].startswith("lamp"), "told while nobody was there"
