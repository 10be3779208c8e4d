"""A channels process that is killed: no message lost, none answered or brought twice, in order."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from services.gateway.http.server import serving
from services.gateway.settings import GatewaySettings
from shared.messaging.connect import connect
from tests.integration.places import Place, place
from tests.unit.channels import far_ends
from tests.unit.channels.far_ends import Answer, Asked, far_end
from tests.unit.gateway.echo import echoing
from tests.waiting import wait_for

KEY = "admin-key-of-the-killed-channels"
THREADS, EACH = 3, 5


class Channels:
    """One process at a time."""

    def __init__(self, where: Place, folder: Path) -> None:
        self._log = folder / "channels.log"
        self._environment = {
            **os.environ,
            **where.environment(),
            "PARLEY_OUTBOUND_NETWORKS": "127.0.0.0/8",
            "PARLEY_CHANNEL_ANSWER_SECONDS": "2",
            "PARLEY_CHANNEL_HOLD_SECONDS": "1",
            "PARLEY_CHANNEL_WORKERS": "2",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "services.channels"], env=self._environment, stdout=log, stderr=log
            )

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def log(self) -> str:
        return self._log.read_text(errors="replace")[-3000:]


@contextmanager
def gateway(where: Place) -> Iterator[str]:
    chosen: dict[str, Any] = {
        **where.settings(),
        "port": 0,
        "api_key": SecretStr(KEY),
        "outbound_networks": "127.0.0.0/8",
        "request_timeout_seconds": 5,
    }
    settings = GatewaySettings(**chosen)
    with connect(where.broker_url, prefix=where.broker_prefix) as bus, echoing(bus), serving(settings) as url:
        yield url


def slowly(_: Asked) -> Answer:
    time.sleep(0.1)  # long enough to be killed while it is under way
    return 200, {}


def test_kills_in_the_middle_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    with ExitStack() as stack:
        where = stack.enter_context(place("stack", tmp_path))
        end = stack.enter_context(far_end(slowly))
        url = stack.enter_context(gateway(where))
        http = stack.enter_context(httpx.Client(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=30))
        channels = Channels(where, tmp_path)
        stack.callback(channels.kill)
        setting = {"type": "webhook", "url": end.url, "secret": far_ends.WEBHOOK_SECRET}
        http.put("/v1/channels/shop", json=setting).raise_for_status()
        channels.start()
        for number in range(EACH):
            for thread in range(THREADS):
                _posted(http, {"id": f"{thread}-{number}", "thread": str(thread), "text": f"m{number}"})
            if number in (1, 3):
                channels.kill()
                channels.start()
        wait_for(lambda: len({one.headers["webhook-id"] for one in end.asked}) == THREADS * EACH, 60, channels.log)
        first = {one.headers["webhook-id"]: one.body for one in reversed(end.asked)}
        told = [first[name] for name in dict.fromkeys(one.headers["webhook-id"] for one in end.asked)]
        for thread in range(THREADS):
            said = [one["text"] for one in told if one["thread"] == str(thread)]
            assert said == [f"You said: m{n} ({n} before, {n} counted)" for n in range(EACH)]
        listed = http.get("/v1/conversations").json()["data"]
        assert [one["turns"] for one in listed] == [EACH] * THREADS


def _posted(http: httpx.Client, body: dict[str, str]) -> None:
    """As a messenger does: again and again until it is taken."""

    def taken() -> bool:
        raw, headers = far_ends.webhook(body, time.time(), f"in-{body['id']}")
        return http.post("/v1/channels/shop/events", content=raw, headers=headers).status_code == 200

    wait_for(taken, 60)
